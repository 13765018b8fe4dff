/* The C API from a C11 program: every call of the round trip against a softmax in double, and NULL for every pointer.
 * Usage: rattan_c_api_c_test [CASE]; without a name every case runs. */
#include "c_api_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void case_round_trip(void) {
  rattan_context* context = new_context(RATTAN_KIND_FLAT);
  build(context);
  check_attention(context, PREFILL - 1, PREFILL);
  for (size_t t = PREFILL; t < TOKENS; ++t) append_token(context, t);
  check_attention(context, TOKENS - 1, TOKENS);

  rattan_context* fork = NULL;
  CHECK_OK(rattan_context_fork(context, &fork));
  check_attention(fork, TOKENS - 1, TOKENS);
  CHECK_OK(rattan_truncate(fork, PREFILL));
  check_attention(fork, PREFILL - 1, PREFILL);
  append_token(fork, PREFILL);
  check_attention(fork, PREFILL, PREFILL + 1);
  check_attention(context, TOKENS - 1, TOKENS);
  rattan_context_destroy(fork);

  CHECK_OK(rattan_seal(context, 0));
  CHECK_OK(rattan_truncate(context, PREFILL + 5));
  check_attention(context, PREFILL + 4, PREFILL + 5);
  CHECK_OK(rattan_truncate(context, PREFILL / 2));
  check_attention(context, PREFILL / 2 - 1, PREFILL / 2);
  for (size_t t = PREFILL / 2; t < PREFILL; ++t) append_token(context, t);
  check_attention(context, PREFILL - 1, PREFILL);
  CHECK_OK(rattan_invalidate(context));
  uint64_t tokens = 0;
  CHECK_REFUSED(rattan_tokens(context, 0, &tokens), "layer");
  build(context);
  check_attention(context, PREFILL - 1, PREFILL);
  rattan_context_destroy(context);
}

/* A prompt in chunks: the first is built, the others are appended. */
static void case_grown_from_nothing(void) {
  const rattan_shape shape = small_shape();
  rattan_params params = small_params(RATTAN_KIND_GRAPH);
  CHECK(params.kept_queries > 0);
  params.seal_after = 0;
  params.capacity = 8192;
  rattan_context* context = NULL;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  const rattan_matrix none = matrix(keys, 0, KEY_DIM), no_values = matrix(values, 0, VALUE_DIM);
  rattan_matrix ks[KV_HEADS], vs[KV_HEADS];
  for (int h = 0; h < KV_HEADS; ++h) ks[h] = none, vs[h] = no_values;
  for (uint32_t layer = 0; layer < LAYERS; ++layer) CHECK_OK(rattan_build_layer(context, layer, ks, vs, NULL, NULL));
  for (size_t t = 0; t < TOKENS; ++t) append_token(context, t);
  CHECK_OK(rattan_rebuild(context, 0));
  char text[4096];
  size_t needed = 0;
  CHECK_OK(rattan_report(context, text, sizeof text, &needed));
  CHECK(strstr(text, "graph") != NULL);
  check_near(context, TOKENS - 1, TOKENS, 0.5);
  CHECK_OK(rattan_truncate(context, 10));
  check_attention(context, 9, 10);
  rattan_context_destroy(context);
  CHECK_REFUSED(rattan_rebuild(NULL, 0), "context");
}

static void case_every_kind(void) {
  for (uint32_t kind = RATTAN_KIND_AUTO; kind <= RATTAN_KIND_GRAPH; ++kind) {
    rattan_context* context = new_context(kind);
    build(context);
    check_near(context, PREFILL - 1, PREFILL, 0.2); /* k is 100 of 180 keys, the others are estimated */
    rattan_context_destroy(context);
  }
}

static void case_save_and_open(void) {
  const char* folder = getenv("RATTAN_TEST_FOLDER");
  if (folder == NULL) folder = ".";
  rattan_context* saved = new_context(RATTAN_KIND_SCAN4);
  build(saved);
  CHECK_OK(rattan_context_save(saved, folder));
  rattan_context* opened = new_context(RATTAN_KIND_SCAN4);
  rattan_matrix k[KV_HEADS], v[KV_HEADS], q[QUERY_HEADS];
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    prefill_matrices(layer, k, v, q);
    CHECK_OK(rattan_open_layer(opened, folder, layer, k, v));
    float a[QUERY_HEADS * VALUE_DIM], b[QUERY_HEADS * VALUE_DIM], a_lse[QUERY_HEADS], b_lse[QUERY_HEADS];
    decode_token(saved, layer, PREFILL - 1, a, a_lse);
    decode_token(opened, layer, PREFILL - 1, b, b_lse);
    CHECK(memcmp(a, b, sizeof a) == 0);
    CHECK(memcmp(a_lse, b_lse, sizeof a_lse) == 0);
  }
  prefill_matrices(0, k, v, q);
  rattan_context* other = new_context(RATTAN_KIND_SCAN4);
  CHECK(rattan_open_layer(other, "/nowhere", 0, k, v) == RATTAN_NOT_FOUND);
  CHECK_REFUSED(rattan_open_layer(other, folder, 0, v, v), "keys[0]");
  CHECK_REFUSED(rattan_open_layer(other, folder, 1, k, v), "fingerprint");
  rattan_context_destroy(other);
  rattan_context_destroy(saved);
  rattan_context_destroy(opened);
}

static void case_slices(void) {
  rattan_context* context = new_context(RATTAN_KIND_FLAT);
  build(context);
  float whole[QUERY_HEADS * VALUE_DIM], parts[QUERY_HEADS * VALUE_DIM], lse[QUERY_HEADS], parts_lse[QUERY_HEADS];
  decode_token(context, 0, 7, whole, lse);
  float q[QUERY_HEADS * KEY_DIM];
  gather(q, &queries[0][0][0][0], QUERY_HEADS, KEY_DIM, 7);
  const rattan_matrix qm = matrix(q, QUERY_HEADS, KEY_DIM);
  for (uint32_t i = 0; i < 3; ++i) CHECK_OK(rattan_decode_slice(context, 0, &qm, parts, parts_lse, NULL, i, 3));
  CHECK(memcmp(whole, parts, sizeof whole) == 0);
  CHECK(memcmp(lse, parts_lse, sizeof lse) == 0);
  CHECK_REFUSED(rattan_decode_slice(context, 0, &qm, parts, NULL, NULL, 3, 3), "ith");
  CHECK_REFUSED(rattan_decode_slice(context, 0, &qm, parts, NULL, NULL, 0, 0), "nth");
  rattan_context_destroy(context);
}

/* What searches miss is told, and older callers have no room for it. */
static void case_missed(void) {
  rattan_context* context = new_context(RATTAN_KIND_SCAN4);
  build(context);
  float output[QUERY_HEADS * VALUE_DIM];
  decode_token(context, 0, PREFILL - 1, output, NULL);
  rattan_stats stats;
  rattan_stats_init(&stats);
  CHECK_OK(rattan_get_stats(context, &stats));
  CHECK(stats.steps_searched == QUERY_HEADS || stats.steps_searched == 0);
  rattan_budget budget;
  rattan_budget_init(&budget);
  budget.k = 10;
  float q[QUERY_HEADS * KEY_DIM];
  gather(q, &queries[0][0][0][0], QUERY_HEADS, KEY_DIM, PREFILL - 1);
  const rattan_matrix qm = matrix(q, QUERY_HEADS, KEY_DIM);
  CHECK_OK(rattan_reset_stats(context));
  CHECK_OK(rattan_decode(context, 0, &qm, output, NULL, &budget));
  CHECK_OK(rattan_get_stats(context, &stats));
  CHECK(stats.steps_searched == QUERY_HEADS && stats.steps_estimated == QUERY_HEADS);
  CHECK(stats.lowest_recall > 0 && stats.lowest_recall <= 1);
  CHECK(stats.uncertainty >= stats.largest_uncertainty && stats.largest_uncertainty > 0);
  stats.uncertainty = 7;
  stats.struct_size = offsetof(rattan_stats, steps_searched);
  CHECK_OK(rattan_get_stats(context, &stats));
  CHECK(stats.steps == QUERY_HEADS && stats.uncertainty > 6);
  rattan_context_destroy(context);
}

static void case_statistics(void) {
  rattan_context* context = new_context(RATTAN_KIND_FLAT);
  build(context);
  float output[QUERY_HEADS * VALUE_DIM];
  decode_token(context, 0, 0, output, NULL);
  rattan_stats stats;
  memset(&stats, 0xff, sizeof stats);
  rattan_stats_init(&stats);
  CHECK(stats.struct_size == sizeof stats);
  CHECK(stats.reserved == 0 && stats.steps == 0 && stats.bytes_read == 0);
  memset(&stats, 0xff, sizeof stats);
  stats.struct_size = sizeof stats;
  CHECK_OK(rattan_get_stats(context, &stats));
  CHECK(stats.steps == QUERY_HEADS);
  CHECK(stats.steps_searched == 0 && stats.steps_estimated == 0 && !(stats.lowest_recall > 0));
  CHECK(stats.keys_visible == QUERY_HEADS * PREFILL);
  CHECK(stats.keys_window + stats.keys_retrieved == QUERY_HEADS * PREFILL);
  CHECK_OK(rattan_reset_stats(context));
  CHECK_OK(rattan_get_stats(context, &stats));
  CHECK(stats.steps == 0);

  size_t needed = 0;
  CHECK_OK(rattan_report(context, NULL, 0, &needed));
  CHECK(needed > 10);
  char* text = malloc(needed);
  CHECK_OK(rattan_report(context, text, needed, &needed));
  CHECK(strlen(text) == needed - 1);
  CHECK(strstr(text, "flat") != NULL);
  CHECK_OK(rattan_report(context, text, 5, &needed));
  CHECK(strlen(text) == 4);
  free(text);
  rattan_context_destroy(context);
}

/* An append that one of the layers did not get. */
static void case_check_layers(void) {
  const rattan_shape shape = small_shape();
  rattan_params params = small_params(RATTAN_KIND_FLAT);
  params.check_layers = 2;
  rattan_context* context = NULL;
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "check_layers");
  params.check_layers = RATTAN_ON;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  build(context);
  const rattan_matrix k = matrix(keys, KV_HEADS, KEY_DIM), v = matrix(values, KV_HEADS, VALUE_DIM);
  const rattan_matrix q = matrix(queries[0][0], QUERY_HEADS, KEY_DIM);
  float output[QUERY_HEADS * VALUE_DIM];
  CHECK_OK(rattan_append(context, 0, 1, &k, &v, NULL));
  CHECK_OK(rattan_decode(context, 0, &q, output, NULL, NULL));
  CHECK_REFUSED(rattan_decode(context, 1, &q, output, NULL, NULL), "layer 1 has 200 tokens");
  char text[4096];
  size_t needed = 0;
  CHECK_OK(rattan_report(context, text, sizeof text, &needed));
  CHECK(strstr(text, "1 tokens fewer than the longest layer") != NULL);
  CHECK_OK(rattan_append(context, 1, 1, &k, &v, NULL));
  CHECK_OK(rattan_decode(context, 1, &q, output, NULL, NULL));
  rattan_context_destroy(context);
}

static void case_memory_limit(void) {
  const rattan_shape shape = small_shape();
  rattan_params params = small_params(RATTAN_KIND_SCAN4);
  params.seal_after = 0;
  rattan_context* context = NULL;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  uint64_t bytes = 1;
  CHECK_OK(rattan_memory(context, &bytes));
  CHECK(bytes == 0);
  build(context);
  CHECK_OK(rattan_memory(context, &bytes));
  CHECK(bytes > 0);
  rattan_context_destroy(context);

  /* Room for 20 tokens more. */
  const uint64_t token = (KEY_DIM + VALUE_DIM) * sizeof(float) * LAYERS * KV_HEADS;
  const uint64_t built = bytes;
  params.memory_limit = built + 20 * token;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  build(context);
  for (size_t t = PREFILL; t < PREFILL + 20; ++t) append_token(context, t);
  const rattan_matrix k = matrix(keys, KV_HEADS, KEY_DIM), v = matrix(values, KV_HEADS, VALUE_DIM);
  CHECK(rattan_append(context, 1, 1, &k, &v, NULL) == RATTAN_NO_MEMORY);
  CHECK(strstr(rattan_last_error(), "memory_limit") != NULL);
  CHECK_OK(rattan_memory(context, &bytes));
  CHECK(bytes == params.memory_limit);
  CHECK(rattan_seal(context, 0) == RATTAN_NO_MEMORY);
  check_near(context, PREFILL + 19, PREFILL + 20, 0.2);
  rattan_context_destroy(context);

  params.memory_limit = built / 2;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  rattan_matrix ks[KV_HEADS], vs[KV_HEADS], qs[QUERY_HEADS];
  prefill_matrices(0, ks, vs, qs);
  CHECK(rattan_build_layer(context, 0, ks, vs, qs, NULL) == RATTAN_NO_MEMORY);
  CHECK(strstr(rattan_last_error(), "memory_limit") != NULL);
  rattan_context_destroy(context);
  params.memory_limit = 1;
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "memory_limit");

  params.struct_size = offsetof(rattan_params, memory_limit); /* a caller that does not know it */
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  rattan_context_destroy(context);
}

static void case_merge(void) {
  float output[2] = {1, 0}, lse = 0;
  const float other[2] = {0, 1};
  CHECK_OK(rattan_merge(output, &lse, other, 0, 2));
  CHECK(fabsf(output[0] - 0.5F) < 1e-6F && fabsf(output[1] - 0.5F) < 1e-6F);
  CHECK(fabsf(lse - logf(2)) < 1e-6F);
  CHECK(fabsf(rattan_lse_to_log2(lse) - 1) < 1e-6F);
  CHECK_OK(rattan_merge(output, &lse, other, -INFINITY, 2));
  CHECK(fabsf(output[0] - 0.5F) < 1e-6F);
  CHECK_OK(rattan_merge(output, &lse, other, INFINITY, 2)); /* FlashAttention 2's part without keys */
  CHECK(fabsf(output[0] - 0.5F) < 1e-6F && fabsf(lse - logf(2)) < 1e-6F);
  CHECK_REFUSED(rattan_merge(output, &lse, other, NAN, 2), "lse");
  lse = INFINITY;
  CHECK_OK(rattan_merge(output, &lse, other, 3, 2));
  CHECK(output[0] == 0 && output[1] == 1 && lse == 3);
}

static void case_struct_sizes(void) {
  rattan_context* context = NULL;
  rattan_shape shape = small_shape();
  struct {
    rattan_params known;
    uint32_t newer[2];
  } larger = {small_params(RATTAN_KIND_FLAT), {0, 0}};
  larger.known.struct_size = sizeof larger;
  CHECK_OK(rattan_context_create(&shape, &larger.known, &context));
  rattan_context_destroy(context);
  larger.newer[1] = 1;
  CHECK(rattan_context_create(&shape, &larger.known, &context) == RATTAN_VERSION_MISMATCH);

  rattan_params smaller = small_params(RATTAN_KIND_FLAT);
  smaller.struct_size = offsetof(rattan_params, threads);
  smaller.threads = 9999; /* not read */
  CHECK_OK(rattan_context_create(&shape, &smaller, &context));
  rattan_context_destroy(context);
  smaller.struct_size = 0;
  CHECK_REFUSED(rattan_context_create(&shape, &smaller, &context), "struct_size");
  CHECK_OK(rattan_context_create(&shape, NULL, &context));
  rattan_context_destroy(context);
  CHECK(rattan_c_api_version() == RATTAN_C_API_VERSION);
  CHECK(strlen(rattan_version()) >= 5);
}

static void case_bad_input(void) {
  rattan_context* context = NULL;
  rattan_shape shape = small_shape();
  shape.query_heads = 3;
  CHECK_REFUSED(rattan_context_create(&shape, NULL, &context), "query_heads");
  shape = small_shape();
  shape.dtype = 256;
  CHECK_REFUSED(rattan_context_create(&shape, NULL, &context), "dtype");
  shape = small_shape();
  rattan_params params = small_params(4);
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "kind");
  params = small_params(RATTAN_KIND_FLAT);
  params.budget.epsilon = 1;
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "epsilon");
  params = small_params(RATTAN_KIND_FLAT);
  params.exact = RATTAN_EXACT_CUDA_OR_CPU + 1;
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "exact");
  const double scales[] = {1e39, -1, NAN, INFINITY, 1e-39};
  for (size_t i = 0; i < sizeof scales / sizeof scales[0]; ++i) {
    params = small_params(RATTAN_KIND_FLAT);
    params.softmax_scale = scales[i];
    CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "softmax_scale");
  }

  context = new_context(RATTAN_KIND_FLAT);
  build(context);
  float output[QUERY_HEADS * VALUE_DIM] = {0}, lse[QUERY_HEADS];
  rattan_matrix q = matrix(queries[0][0], QUERY_HEADS, KEY_DIM);
  rattan_budget budget;
  rattan_budget_init(&budget);
  budget.epsilon = -0.5;
  CHECK_REFUSED(rattan_decode(context, 0, &q, output, lse, &budget), "epsilon");
  CHECK_REFUSED(rattan_decode(context, LAYERS, &q, output, lse, NULL), "layer");
  q.dtype = 257;
  CHECK_REFUSED(rattan_decode(context, 0, &q, output, lse, NULL), "dtype");
  q = matrix(queries[0][0], QUERY_HEADS, KEY_DIM + 1);
  CHECK_REFUSED(rattan_decode(context, 0, &q, output, lse, NULL), "cols");
  q = matrix(NULL, QUERY_HEADS, KEY_DIM);
  CHECK_REFUSED(rattan_decode(context, 0, &q, output, lse, NULL), "data");
  CHECK_REFUSED(rattan_context_save(context, ""), "folder");
  CHECK_REFUSED(rattan_open_layer(context, "", 1, &q, &q), "folder");
  CHECK(output[0] == 0);
  check_attention(context, PREFILL - 1, PREFILL);
  rattan_context_destroy(context);
}

/* Every pointer parameter of every function, one at a time. */
static void case_null(void) {
  const char* folder = ".";
  rattan_shape shape = small_shape();
  rattan_context* context = new_context(RATTAN_KIND_FLAT);
  rattan_context* made = NULL;
  rattan_matrix k[KV_HEADS], v[KV_HEADS], q[QUERY_HEADS];
  prefill_matrices(0, k, v, q);
  float output[QUERY_HEADS * VALUE_DIM], lse = 0;
  uint64_t tokens = 0;
  size_t needed = 0;
  char text[8];
  rattan_stats stats;
  rattan_stats_init(&stats);

  rattan_shape_init(NULL);
  rattan_stats_init(NULL);
  rattan_budget_init(NULL);
  rattan_params_init(NULL);
  rattan_context_destroy(NULL);
  CHECK_REFUSED(rattan_context_create(NULL, NULL, &made), "shape");
  CHECK_REFUSED(rattan_context_create(&shape, NULL, NULL), "context");
  CHECK_REFUSED(rattan_context_fork(NULL, &made), "context");
  CHECK_REFUSED(rattan_context_fork(context, NULL), "fork");
  CHECK(made == NULL);
  CHECK_REFUSED(rattan_build_layer(NULL, 0, k, v, q, NULL), "context");
  CHECK_REFUSED(rattan_build_layer(context, 0, NULL, v, q, NULL), "keys");
  CHECK_REFUSED(rattan_build_layer(context, 0, k, NULL, q, NULL), "values");
  CHECK_OK(rattan_build_layer(context, 0, k, v, NULL, NULL));
  CHECK_REFUSED(rattan_append(NULL, 0, 1, k, v, q), "context");
  CHECK_REFUSED(rattan_append(context, 0, 1, NULL, v, q), "keys");
  CHECK_REFUSED(rattan_append(context, 0, 1, k, NULL, q), "values");
  CHECK_REFUSED(rattan_decode(NULL, 0, q, output, &lse, NULL), "context");
  CHECK_REFUSED(rattan_decode(context, 0, NULL, output, &lse, NULL), "queries");
  CHECK_REFUSED(rattan_decode(context, 0, q, NULL, &lse, NULL), "output");
  CHECK_REFUSED(rattan_decode_slice(NULL, 0, q, output, &lse, NULL, 0, 1), "context");
  CHECK_REFUSED(rattan_decode_slice(context, 0, NULL, output, &lse, NULL, 0, 1), "queries");
  CHECK_REFUSED(rattan_decode_slice(context, 0, q, NULL, &lse, NULL, 0, 1), "output");
  CHECK_REFUSED(rattan_seal(NULL, 0), "context");
  CHECK_REFUSED(rattan_truncate(NULL, 0), "context");
  CHECK_REFUSED(rattan_invalidate(NULL), "context");
  CHECK_REFUSED(rattan_tokens(NULL, 0, &tokens), "context");
  CHECK_REFUSED(rattan_tokens(context, 0, NULL), "tokens");
  CHECK_REFUSED(rattan_context_save(NULL, folder), "context");
  CHECK_REFUSED(rattan_context_save(context, NULL), "folder");
  CHECK_REFUSED(rattan_open_layer(NULL, folder, 1, k, v), "context");
  CHECK_REFUSED(rattan_open_layer(context, NULL, 1, k, v), "folder");
  CHECK_REFUSED(rattan_open_layer(context, folder, 1, NULL, v), "keys");
  CHECK_REFUSED(rattan_open_layer(context, folder, 1, k, NULL), "values");
  CHECK_REFUSED(rattan_get_stats(NULL, &stats), "context");
  CHECK_REFUSED(rattan_get_stats(context, NULL), "stats");
  CHECK_REFUSED(rattan_reset_stats(NULL), "context");
  CHECK_REFUSED(rattan_report(NULL, text, sizeof text, &needed), "context");
  CHECK_REFUSED(rattan_report(context, NULL, sizeof text, &needed), "text");
  CHECK_REFUSED(rattan_report(context, text, sizeof text, NULL), "needed");
  CHECK_REFUSED(rattan_memory(NULL, &tokens), "context");
  CHECK_REFUSED(rattan_memory(context, NULL), "bytes");
  CHECK_REFUSED(rattan_merge(NULL, &lse, output, 0, 1), "output");
  CHECK_REFUSED(rattan_merge(output, NULL, output, 0, 1), "lse");
  CHECK_REFUSED(rattan_merge(output, &lse, NULL, 0, 1), "other_output");
  rattan_context_destroy(context);
}

static const struct test_case cases[] = {{"round_trip", case_round_trip},
                                         {"every_kind", case_every_kind},
                                         {"save_and_open", case_save_and_open},
                                         {"slices", case_slices},
                                         {"statistics", case_statistics},
                                         {"missed", case_missed},
                                         {"check_layers", case_check_layers},
                                         {"memory_limit", case_memory_limit},
                                         {"grown_from_nothing", case_grown_from_nothing},
                                         {"merge", case_merge},
                                         {"struct_sizes", case_struct_sizes},
                                         {"bad_input", case_bad_input},
                                         {"null", case_null}};

int main(int argc, char** argv) {
  make_text();
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
