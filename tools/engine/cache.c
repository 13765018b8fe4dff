#include "cache.h"

#include <stdlib.h>

#include "program.h"

static uint16_t** buffers(size_t count, size_t rows, size_t dim) {
  uint16_t** list = allocate(count, sizeof *list);
  for (size_t i = 0; i < count; ++i) list[i] = allocate(rows, dim * sizeof **list);
  return list;
}

static void free_buffers(uint16_t** list, size_t count) {
  for (size_t i = 0; i < count; ++i) free(list[i]);
  free(list);
}

struct cache* cache_make(const struct model* model, size_t prefill, size_t count) {
  struct cache* cache = allocate(1, sizeof *cache);
  cache->layers = model->layers;
  cache->heads = model->heads;
  cache->kv_heads = model->kv_heads;
  cache->head_dim = model->head_dim;
  cache->prefill = prefill;
  cache->capacity = prefill + count;
  cache->query_step = (prefill + most_query_rows - 1) / most_query_rows;
  cache->query_rows = (prefill + cache->query_step - 1) / cache->query_step;
  cache->keys = buffers((size_t)cache->layers * cache->kv_heads, cache->capacity, cache->head_dim);
  cache->values = buffers((size_t)cache->layers * cache->kv_heads, cache->capacity, cache->head_dim);
  cache->queries = buffers((size_t)cache->layers * cache->heads, cache->query_rows, cache->head_dim);
  return cache;
}

void cache_free(struct cache* cache) {
  free_buffers(cache->keys, (size_t)cache->layers * cache->kv_heads);
  free_buffers(cache->values, (size_t)cache->layers * cache->kv_heads);
  free_buffers(cache->queries, (size_t)cache->layers * cache->heads);
  free(cache);
}

uint16_t* cache_keys(const struct cache* cache, uint32_t layer, uint32_t kv_head) {
  return cache->keys[layer * cache->kv_heads + kv_head];
}

uint16_t* cache_values(const struct cache* cache, uint32_t layer, uint32_t kv_head) {
  return cache->values[layer * cache->kv_heads + kv_head];
}

uint16_t* cache_queries(const struct cache* cache, uint32_t layer, uint32_t head) {
  return cache->queries[layer * cache->heads + head];
}
