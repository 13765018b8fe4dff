/* A synthetic text for C programs of the tests: keys, values and queries, contexts over it, and a softmax in double. */
#pragma once

#include "c_api_checks.h"

#include <math.h>

enum { LAYERS = 2, QUERY_HEADS = 4, KV_HEADS = 2, KEY_DIM = 16, VALUE_DIM = 8, PREFILL = 200, TOKENS = 240 };

static float keys[LAYERS][KV_HEADS][TOKENS][KEY_DIM];
static float values[LAYERS][KV_HEADS][TOKENS][VALUE_DIM];
static float queries[LAYERS][QUERY_HEADS][TOKENS][KEY_DIM];

static inline void fill(float* numbers, size_t count) {
  for (size_t i = 0; i < count; ++i) numbers[i] = 2 * next_number();
}

static inline void make_text(void) {
  fill(&keys[0][0][0][0], sizeof keys / sizeof(float));
  fill(&values[0][0][0][0], sizeof values / sizeof(float));
  fill(&queries[0][0][0][0], sizeof queries / sizeof(float));
}

static inline rattan_shape small_shape(void) {
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = LAYERS;
  shape.query_heads = QUERY_HEADS;
  shape.kv_heads = KV_HEADS;
  shape.key_dim = KEY_DIM;
  shape.value_dim = VALUE_DIM;
  shape.dtype = RATTAN_F32;
  return shape;
}

static inline rattan_params small_params(rattan_kind kind) {
  rattan_params params;
  rattan_params_init(&params);
  params.kind = kind;
  params.sinks = 4;
  params.recent = 16;
  params.capacity = 1024;
  params.threads = 1;
  return params;
}

static inline rattan_context* new_context(rattan_kind kind) {
  const rattan_shape shape = small_shape();
  const rattan_params params = small_params(kind);
  rattan_context* context = NULL;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  return context;
}

static inline void prefill_matrices(uint32_t layer, rattan_matrix* k, rattan_matrix* v, rattan_matrix* q) {
  for (int h = 0; h < KV_HEADS; ++h) {
    k[h] = matrix(keys[layer][h], PREFILL, KEY_DIM);
    v[h] = matrix(values[layer][h], PREFILL, VALUE_DIM);
  }
  for (int h = 0; h < QUERY_HEADS; ++h) q[h] = matrix(queries[layer][h], PREFILL, KEY_DIM);
}

static inline void build(rattan_context* context) {
  rattan_matrix k[KV_HEADS], v[KV_HEADS], q[QUERY_HEADS];
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    prefill_matrices(layer, k, v, q);
    CHECK_OK(rattan_build_layer(context, layer, k, v, q, NULL));
  }
}

/* The rows of one token, head after head. */
static inline void gather(float* to, const float* from, size_t heads, size_t dim, size_t token) {
  for (size_t h = 0; h < heads; ++h) memcpy(to + h * dim, from + (h * TOKENS + token) * dim, dim * sizeof(float));
}

static inline void append_token(rattan_context* context, size_t token) {
  float k[KV_HEADS * KEY_DIM], v[KV_HEADS * VALUE_DIM], q[QUERY_HEADS * KEY_DIM];
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    gather(k, &keys[layer][0][0][0], KV_HEADS, KEY_DIM, token);
    gather(v, &values[layer][0][0][0], KV_HEADS, VALUE_DIM, token);
    gather(q, &queries[layer][0][0][0], QUERY_HEADS, KEY_DIM, token);
    const rattan_matrix km = matrix(k, KV_HEADS, KEY_DIM);
    const rattan_matrix vm = matrix(v, KV_HEADS, VALUE_DIM);
    const rattan_matrix qm = matrix(q, QUERY_HEADS, KEY_DIM);
    CHECK_OK(rattan_append(context, layer, 1, &km, &vm, &qm));
  }
}

/* Attention over the first `tokens` tokens, in double. */
static inline double full_attention(uint32_t layer, size_t head, size_t asked, size_t tokens, double* output) {
  const size_t kv = head / (QUERY_HEADS / KV_HEADS);
  double logits[TOKENS], most = -INFINITY, sum = 0;
  for (size_t t = 0; t < tokens; ++t) {
    logits[t] = 0;
    for (size_t c = 0; c < KEY_DIM; ++c)
      logits[t] += (double)queries[layer][head][asked][c] * (double)keys[layer][kv][t][c];
    logits[t] /= sqrt((double)KEY_DIM);
    if (logits[t] > most) most = logits[t];
  }
  for (size_t c = 0; c < VALUE_DIM; ++c) output[c] = 0;
  for (size_t t = 0; t < tokens; ++t) {
    const double weight = exp(logits[t] - most);
    sum += weight;
    for (size_t c = 0; c < VALUE_DIM; ++c) output[c] += weight * (double)values[layer][kv][t][c];
  }
  for (size_t c = 0; c < VALUE_DIM; ++c) output[c] /= sum;
  return most + log(sum);
}

static inline void decode_token(const rattan_context* context, uint32_t layer, size_t asked, float* output,
                                float* lse) {
  float q[QUERY_HEADS * KEY_DIM];
  gather(q, &queries[layer][0][0][0], QUERY_HEADS, KEY_DIM, asked);
  const rattan_matrix qm = matrix(q, QUERY_HEADS, KEY_DIM);
  CHECK_OK(rattan_decode(context, layer, &qm, output, lse, NULL));
}

static inline void check_near(const rattan_context* context, size_t asked, size_t tokens, double tolerance) {
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    float output[QUERY_HEADS * VALUE_DIM], lse[QUERY_HEADS];
    decode_token(context, layer, asked, output, lse);
    for (size_t h = 0; h < QUERY_HEADS; ++h) {
      double exact[VALUE_DIM];
      CHECK(fabs(full_attention(layer, h, asked, tokens, exact) - (double)lse[h]) < tolerance);
      for (size_t c = 0; c < VALUE_DIM; ++c) CHECK(fabs(exact[c] - (double)output[h * VALUE_DIM + c]) < tolerance);
    }
    uint64_t count = 0;
    CHECK_OK(rattan_tokens(context, layer, &count));
    CHECK(count == tokens);
  }
}

static inline void check_attention(const rattan_context* context, size_t asked, size_t tokens) {
  check_near(context, asked, tokens, 1e-5);
}
