// Rattan under an engine, through rattan/c.h: a context is created, its layers are built after the prefill, and for
// each token and layer there is an append and a decode, whose KV heads the engine's own threads share.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attention.h"
#include "program.h"
#include "rattan/c.h"

struct embedded {
  struct attention attention;
  rattan_context* context;
  struct threads* threads;
  uint32_t heads, kv_heads, head_dim;
  double build_seconds;
  // Of the step that is running:
  uint32_t layer;
  rattan_matrix queries;
  float* attended;
};

static void need(rattan_status status, const char* call) {
  if (status != RATTAN_OK) give_up("%s: %s (status %d)", call, rattan_last_error(), (int)status);
}

static rattan_matrix matrix(const void* data, rattan_dtype dtype, uint64_t rows, uint32_t cols) {
  return (rattan_matrix){.data = data, .dtype = dtype, .rows = rows, .cols = cols};
}

static rattan_params params_of(const struct options* options, const struct cache* cache, uint32_t threads) {
  rattan_params params;
  rattan_params_init(&params);
  params.kind = options->kind;
  params.capacity = cache->capacity;
  params.threads = threads;
  if (options->k > 0) params.budget.k = options->k;
  if (options->epsilon > 0) params.budget.epsilon = options->epsilon;
  if (options->most_k > 0) params.budget.most_k = options->most_k;
  params.budget.estimate_unread = options->estimate ? RATTAN_ON : RATTAN_OFF;
  if (options->clusters > 0) params.clusters = options->clusters;
  if (options->seal_after >= 0) params.seal_after = (uint32_t)options->seal_after;
  params.memory_limit = options->memory_limit * (uint64_t)1000000;
  return params;
}

// A layer's part of the cache. Keys and values stay where the prefill put them: Rattan borrows them.
struct layer_matrices {
  rattan_matrix keys[most_heads], values[most_heads], queries[most_heads];
};

static struct layer_matrices layer_of(const struct cache* cache, uint32_t layer) {
  struct layer_matrices m;
  for (uint32_t h = 0; h < cache->kv_heads; ++h) {
    m.keys[h] = matrix(cache_keys(cache, layer, h), RATTAN_F16, cache->prefill, cache->head_dim);
    m.values[h] = matrix(cache_values(cache, layer, h), RATTAN_F16, cache->prefill, cache->head_dim);
  }
  for (uint32_t h = 0; h < cache->heads; ++h) {
    m.queries[h] = matrix(cache_queries(cache, layer, h), RATTAN_F16, cache->query_rows, cache->head_dim);
  }
  return m;
}

static void build(rattan_context* context, const struct cache* cache) {
  int64_t* positions = allocate(cache->query_rows, sizeof *positions);
  for (size_t i = 0; i < cache->query_rows; ++i) positions[i] = (int64_t)(i * cache->query_step);
  for (uint32_t layer = 0; layer < cache->layers; ++layer) {
    const struct layer_matrices m = layer_of(cache, layer);
    need(rattan_build_layer(context, layer, m.keys, m.values, m.queries, positions), "rattan_build_layer");
  }
  free(positions);
}

// 0 where the folder holds no index yet.
static int open_built(rattan_context* context, const struct cache* cache, const char* folder) {
  for (uint32_t layer = 0; layer < cache->layers; ++layer) {
    const struct layer_matrices m = layer_of(cache, layer);
    const rattan_status status = rattan_open_layer(context, folder, layer, m.keys, m.values);
    if (status == RATTAN_NOT_FOUND && layer == 0) return 0;
    need(status, "rattan_open_layer");
  }
  return 1;
}

static void decode_slice(void* argument, uint32_t ith, uint32_t nth) {
  struct embedded* self = argument;
  need(rattan_decode_slice(self->context, self->layer, &self->queries, self->attended, NULL, NULL, ith, nth),
       "rattan_decode_slice");
}

static void step(struct attention* attention, uint32_t layer, size_t position, const float* queries,
                 const uint16_t* keys, const uint16_t* values, float* attended) {
  struct embedded* self = (struct embedded*)attention;
  (void)position;
  const rattan_matrix new_keys = matrix(keys, RATTAN_F16, self->kv_heads, self->head_dim);
  const rattan_matrix new_values = matrix(values, RATTAN_F16, self->kv_heads, self->head_dim);
  self->queries = matrix(queries, RATTAN_F32, self->heads, self->head_dim);
  self->layer = layer;
  self->attended = attended;
  need(rattan_append(self->context, layer, 1, &new_keys, &new_values, &self->queries), "rattan_append");
  threads_run(self->threads, decode_slice, self);
}

static struct cost cost(const struct attention* attention) {
  const struct embedded* self = (const struct embedded*)attention;
  rattan_stats stats;
  rattan_stats_init(&stats);
  need(rattan_get_stats(self->context, &stats), "rattan_get_stats");
  return (struct cost){(double)stats.keys_visible, (double)(stats.keys_window + stats.keys_retrieved),
                       (double)stats.keys_scored, self->build_seconds};
}

static char* report(const struct attention* attention) {
  const struct embedded* self = (const struct embedded*)attention;
  size_t size = 0;
  need(rattan_report(self->context, NULL, 0, &size), "rattan_report");
  char* text = allocate(size + 1, 1);
  need(rattan_report(self->context, text, size, &size), "rattan_report");
  return text;
}

static void close_embedded(struct attention* attention) {
  rattan_context_destroy(((struct embedded*)attention)->context);
  free(attention);
}

struct attention* rattan_attention(struct threads* threads, const struct cache* cache, const struct options* options) {
  struct embedded* self = allocate(1, sizeof *self);
  self->attention = (struct attention){step, cost, report, close_embedded};
  self->threads = threads;
  self->heads = cache->heads;
  self->kv_heads = cache->kv_heads;
  self->head_dim = cache->head_dim;

  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = cache->layers;
  shape.query_heads = cache->heads;
  shape.kv_heads = cache->kv_heads;
  shape.key_dim = shape.value_dim = cache->head_dim;
  shape.dtype = RATTAN_F16;
  const rattan_params params = params_of(options, cache, threads_count(threads));
  need(rattan_context_create(&shape, &params, &self->context), "rattan_context_create");

  const double begin = seconds();
  if (options->index != NULL && mkdir(options->index, 0777) != 0 && errno != EEXIST) {
    refuse("--index is \"%s\", a folder that cannot be made: %s", options->index, strerror(errno));
  }
  if (options->index == NULL || !open_built(self->context, cache, options->index)) {
    build(self->context, cache);
    self->build_seconds = seconds() - begin;
    if (options->index != NULL) need(rattan_context_save(self->context, options->index), "rattan_context_save");
  }
  return &self->attention;
}
