#include "prefill.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "half.h"
#include "layer.h"
#include "program.h"

enum { chunk_rows = 1024 };  // tokens that go through all layers together: bounds the memory of activations

static void store(struct cache* cache, uint32_t layer, const float* projected, size_t row, size_t position) {
  const size_t dim = cache->head_dim;
  const float* head = projected + row * (cache->heads + 2 * cache->kv_heads) * dim;
  for (uint32_t h = 0; h < cache->heads; ++h, head += dim) {
    if (position % cache->query_step != 0) continue;
    to_halves(cache_queries(cache, layer, h) + position / cache->query_step * dim, head, dim);
  }
  for (uint32_t h = 0; h < cache->kv_heads; ++h, head += dim) {
    to_halves(cache_keys(cache, layer, h) + position * dim, head, dim);
  }
  for (uint32_t h = 0; h < cache->kv_heads; ++h, head += dim) {
    to_halves(cache_values(cache, layer, h) + position * dim, head, dim);
  }
}

void prefill(const struct model* model, struct threads* threads, const uint16_t* tokens, struct cache* cache) {
  float* x = allocate((size_t)chunk_rows * model->width, sizeof *x);
  float* projected = allocate((size_t)chunk_rows * model->blocks[0].qkv.outputs, sizeof *projected);
  float* attended = allocate((size_t)chunk_rows * model->heads * model->head_dim, sizeof *attended);
  const int show = isatty(STDERR_FILENO);
  for (size_t first = 0; first < cache->prefill; first += chunk_rows) {
    const size_t rows = cache->prefill - first < chunk_rows ? cache->prefill - first : chunk_rows;
    embed(model, tokens + first, rows, x);
    for (uint32_t layer = 0; layer < model->layers; ++layer) {
      layer_project(model, threads, layer, x, rows, first, projected);
      for (size_t r = 0; r < rows; ++r) store(cache, layer, projected, r, first + r);
      if (layer + 1 == model->layers) break;
      causal_attention(threads, cache, layer, projected, rows, first, attended);
      layer_finish(model, threads, layer, attended, rows, x);
    }
    if (show) fprintf(stderr, "\rprefill: %zu of %zu tokens", first + rows, cache->prefill);
  }
  if (show) fputc('\n', stderr);
  free(attended);
  free(projected);
  free(x);
}
