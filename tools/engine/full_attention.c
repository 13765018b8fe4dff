// Full attention of a decode step: each thread takes a range of the keys of every KV head, then the parts are merged.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention.h"
#include "kernels.h"
#include "program.h"

struct full {
  struct attention attention;
  struct threads* threads;
  struct cache* cache;
  float* parts;  // [threads][heads] of [maximum, sum, output[head_dim]]
  double keys;   // seen so far, summed over heads
  // Of the step that is running:
  uint32_t layer;
  size_t tokens;
  float* queries;  // [heads][head_dim], scaled for base-2 exponentials
};

static float* part_of(const struct full* full, size_t thread, size_t head) {
  return full->parts + (thread * full->cache->heads + head) * (full->cache->head_dim + 2);
}

static void attend_range(void* argument, uint32_t ith, uint32_t nth) {
  struct full* full = argument;
  const struct cache* cache = full->cache;
  const size_t dim = cache->head_dim, group = cache->heads / cache->kv_heads;
  const size_t begin = full->tokens * ith / nth, end = full->tokens * (ith + 1) / nth;
  float keys[key_tile * most_head_dim], values[key_tile * most_head_dim];
  for (size_t head = 0; head < cache->heads; ++head) {
    float* part = part_of(full, ith, head);
    memset(part, 0, (dim + 2) * sizeof *part);
    part[0] = -1e30F;
  }
  for (uint32_t kv_head = 0; kv_head < cache->kv_heads; ++kv_head) {
    for (size_t key = begin; key < end; key += key_tile) {
      const size_t count = end - key < key_tile ? end - key : key_tile;
      best_kernels()->widen(keys, cache_keys(cache, full->layer, kv_head) + key * dim, count * dim);
      best_kernels()->widen(values, cache_values(cache, full->layer, kv_head) + key * dim, count * dim);
      for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
        float* part = part_of(full, ith, head);
        best_kernels()->attend(full->queries + head * dim, keys, values, count, dim, &part[0], &part[1], part + 2);
      }
    }
  }
}

static void merge_parts(const struct full* full, size_t head, float* attended) {
  const size_t dim = full->cache->head_dim;
  float top = -1e30F, sum = 0;
  for (size_t t = 0; t < threads_count(full->threads); ++t) top = fmaxf(top, part_of(full, t, head)[0]);
  memset(attended, 0, dim * sizeof *attended);
  for (size_t t = 0; t < threads_count(full->threads); ++t) {
    const float* part = part_of(full, t, head);
    const float factor = exp2f(part[0] - top);
    sum += factor * part[1];
    for (size_t d = 0; d < dim; ++d) attended[d] += factor * part[2 + d];
  }
  for (size_t d = 0; d < dim; ++d) attended[d] /= sum;
}

static void step(struct attention* attention, uint32_t layer, size_t position, const float* queries,
                 const uint16_t* keys, const uint16_t* values, float* attended) {
  struct full* full = (struct full*)attention;
  const size_t dim = full->cache->head_dim;
  for (uint32_t h = 0; h < full->cache->kv_heads; ++h) {
    memcpy(cache_keys(full->cache, layer, h) + position * dim, keys + h * dim, dim * sizeof *keys);
    memcpy(cache_values(full->cache, layer, h) + position * dim, values + h * dim, dim * sizeof *values);
  }
  const float scale = (float)(1.4426950408889634 / sqrt((double)dim));
  for (size_t i = 0; i < full->cache->heads * dim; ++i) full->queries[i] = scale * queries[i];
  full->layer = layer;
  full->tokens = position + 1;
  threads_run(full->threads, attend_range, full);
  for (size_t head = 0; head < full->cache->heads; ++head) merge_parts(full, head, attended + head * dim);
  full->keys += (double)full->cache->heads * (double)full->tokens;
}

static struct cost cost(const struct attention* attention) {
  const double keys = ((const struct full*)attention)->keys;
  return (struct cost){keys, keys, keys, 0};
}

static char* report(const struct attention* attention) {
  (void)attention;
  return NULL;
}

static void close_full(struct attention* attention) {
  struct full* full = (struct full*)attention;
  free(full->queries);
  free(full->parts);
  free(full);
}

struct attention* full_attention(struct threads* threads, struct cache* cache) {
  struct full* full = allocate(1, sizeof *full);
  full->attention = (struct attention){step, cost, report, close_full};
  full->threads = threads;
  full->cache = cache;
  full->parts = allocate((size_t)threads_count(threads) * cache->heads * (cache->head_dim + 2), sizeof *full->parts);
  full->queries = allocate((size_t)cache->heads * cache->head_dim, sizeof *full->queries);
  return &full->attention;
}
