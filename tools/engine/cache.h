// The KV cache of one sequence, in halves: one buffer for each layer and KV head, which never moves. Beside it the
// prefill's queries, every query_step-th, as evidence for Rattan's graphs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct cache {
  uint32_t layers, heads, kv_heads, head_dim;
  size_t prefill;     // tokens of the prefill
  size_t capacity;    // tokens that fit
  size_t query_step;  // so that about most_query_rows rows remain
  size_t query_rows;
  uint16_t** keys;     // [layers * kv_heads] of [capacity][head_dim], after rotation
  uint16_t** values;   // likewise
  uint16_t** queries;  // [layers * heads] of [query_rows][head_dim]: positions 0, query_step, ...
};

enum { most_query_rows = 32768 };

struct cache* cache_make(const struct model* model, size_t prefill, size_t count);
void cache_free(struct cache* cache);

uint16_t* cache_keys(const struct cache* cache, uint32_t layer, uint32_t kv_head);
uint16_t* cache_values(const struct cache* cache, uint32_t layer, uint32_t kv_head);
uint16_t* cache_queries(const struct cache* cache, uint32_t layer, uint32_t head);
