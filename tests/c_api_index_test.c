/* The index of the C API from a C11 program. Usage: rattan_c_api_index_c_test [CASE]; without a name every case runs.
 */
#include "c_api_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 3000, QUERIES = 640, ASKED = 32, DIM = 16, K = 10 };

static float keys[KEYS][DIM];
static float queries[QUERIES + ASKED][DIM];

static double score_of(rattan_metric metric, const float* query, const float* key) {
  double score = 0;
  for (size_t c = 0; c < DIM; ++c) {
    const double difference = (double)query[c] - (double)key[c];
    score += metric == RATTAN_L2 ? -difference * difference : (double)query[c] * (double)key[c];
  }
  return score;
}

/* How many keys are better than `score`. */
static size_t better(rattan_metric metric, const float* query, double score) {
  size_t count = 0;
  for (size_t i = 0; i < KEYS; ++i) count += score_of(metric, query, keys[i]) > score + 1e-5;
  return count;
}

static rattan_index_params params_of(rattan_kind kind, rattan_metric metric) {
  rattan_index_params params;
  rattan_index_params_init(&params);
  params.kind = kind;
  params.metric = metric;
  params.links_k = 32;
  params.k = K;
  params.threads = 1;
  return params;
}

static rattan_index* built(rattan_kind kind, rattan_metric metric) {
  const rattan_index_params params = params_of(kind, metric);
  const rattan_matrix k = matrix(keys, KEYS, DIM), q = matrix(queries, QUERIES, DIM);
  rattan_index* index = NULL;
  CHECK_OK(rattan_index_build(&k, &q, &params, &index));
  return index;
}

/* Share of the found keys that are among the K best; scores must be those of the ids, best first. */
static double recall(const rattan_index* index, rattan_metric metric, uint32_t group) {
  static uint32_t ids[ASKED][K];
  static float scores[ASKED][K];
  rattan_search_params params;
  rattan_search_params_init(&params);
  params.k = K;
  params.group = group;
  params.beam_width = 300; /* of a graph alone */
  const rattan_matrix asked = matrix(queries[QUERIES], ASKED, DIM);
  rattan_search_stats stats;
  rattan_search_stats_init(&stats);
  CHECK_OK(rattan_index_search(index, &asked, &params, &ids[0][0], &scores[0][0], &stats));
  CHECK(stats.keys_scored > 0 && stats.bytes_read > 0);
  size_t found = 0;
  for (size_t row = 0; row < ASKED; ++row) {
    for (size_t i = 0; i < K; ++i) {
      CHECK(ids[row][i] < KEYS);
      const double score = score_of(metric, queries[QUERIES + row], keys[ids[row][i]]);
      CHECK(fabs(score - (double)scores[row][i]) < 1e-4);
      CHECK(i == 0 || scores[row][i] <= scores[row][i - 1]);
      found += better(metric, queries[QUERIES + row], score) < K;
    }
  }
  return (double)found / (ASKED * K);
}

static void case_every_kind(void) {
  const rattan_kind kinds[] = {RATTAN_KIND_AUTO, RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
    for (rattan_metric metric = RATTAN_INNER_PRODUCT; metric <= RATTAN_L2; ++metric) {
      rattan_index* index = built(kinds[i], metric);
      CHECK(recall(index, metric, 1) >= (kinds[i] == RATTAN_KIND_FLAT ? 1 : 0.9));
      CHECK(recall(index, metric, 4) >= (kinds[i] == RATTAN_KIND_FLAT ? 1 : 0.9));
      rattan_index_destroy(index);
    }
  }
}

static void case_save_and_open(void) {
  const rattan_kind kinds[] = {RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH};
  const rattan_matrix k = matrix(keys, KEYS, DIM), asked = matrix(queries[QUERIES], ASKED, DIM);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
    rattan_index* index = built(kinds[i], RATTAN_INNER_PRODUCT);
    CHECK_OK(rattan_index_save(index, "c_api_index.rattan"));
    rattan_index* opened = NULL;
    CHECK_OK(rattan_index_open("c_api_index.rattan", &k, 1, &opened));
    static uint32_t first[ASKED * 100], second[ASKED * 100];
    CHECK_OK(rattan_index_search(index, &asked, NULL, first, NULL, NULL));
    CHECK_OK(rattan_index_search(opened, &asked, NULL, second, NULL, NULL));
    CHECK(memcmp(first, second, sizeof first) == 0);
    uint64_t bytes = 1;
    CHECK_OK(rattan_index_memory(opened, &bytes));
    CHECK((bytes == 0) == (kinds[i] == RATTAN_KIND_FLAT));
    rattan_index_destroy(opened);
    rattan_index_destroy(index);
  }
  rattan_index* none = NULL;
  const rattan_matrix others = matrix(keys, KEYS - 1, DIM);
  CHECK(rattan_index_open("c_api_index.rattan", &others, 1, &none) != RATTAN_OK);
  CHECK(rattan_index_open("no such file", &k, 1, &none) == RATTAN_NOT_FOUND);
  FILE* file = fopen("c_api_index.rattan", "r+b");
  CHECK(file != NULL && fseek(file, 100, SEEK_SET) == 0 && fputc('?', file) != EOF && fclose(file) == 0);
  CHECK(rattan_index_open("c_api_index.rattan", &k, 1, &none) == RATTAN_CORRUPT);
  CHECK(none == NULL);
  CHECK(remove("c_api_index.rattan") == 0);
}

static void case_ranges(void) {
  rattan_index* index = built(RATTAN_KIND_GRAPH, RATTAN_INNER_PRODUCT);
  rattan_search_params params;
  rattan_search_params_init(&params);
  params.k = K;
  params.first_key = 100;
  params.end_key = 104;
  uint32_t ids[K];
  float scores[K];
  const rattan_matrix asked = matrix(queries[QUERIES], 1, DIM);
  CHECK_OK(rattan_index_search(index, &asked, &params, ids, scores, NULL));
  for (size_t i = 0; i < 4; ++i) CHECK(ids[i] >= 100 && ids[i] < 104);
  for (size_t i = 4; i < K; ++i) CHECK(ids[i] == RATTAN_NO_KEY && scores[i] == -INFINITY);
  rattan_index_destroy(index);
}

static void case_describe(void) {
  rattan_index* index = built(RATTAN_KIND_GRAPH, RATTAN_INNER_PRODUCT);
  size_t needed = 0;
  CHECK_OK(rattan_index_describe(index, NULL, 0, &needed));
  char* text = malloc(needed);
  CHECK_OK(rattan_index_describe(index, text, needed, &needed));
  CHECK(strlen(text) == needed - 1);
  CHECK(strstr(text, "kind: graph") != NULL);
  free(text);
  rattan_index_destroy(index);
}

static void case_bad_input(void) {
  const rattan_matrix k = matrix(keys, KEYS, DIM), q = matrix(queries, QUERIES, DIM);
  rattan_index* index = NULL;
  rattan_index_params params = params_of(4, RATTAN_INNER_PRODUCT); /* baselines are none of the kinds */
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "kind");
  params = params_of(RATTAN_KIND_FLAT, 2);
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "metric");
  params = params_of(RATTAN_KIND_GRAPH, RATTAN_INNER_PRODUCT);
  CHECK_REFUSED(rattan_index_build(&k, NULL, &params, &index), "queries");
  params.links_k = 0;
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "links_k");
  params = params_of(RATTAN_KIND_GRAPH, RATTAN_INNER_PRODUCT);
  params.max_degree = 1;
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "max_degree");
  params = params_of(RATTAN_KIND_AUTO, RATTAN_INNER_PRODUCT);
  params.recall = NAN;
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "recall");
  params.recall = 0.9;
  params.group = 0;
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "group");
  params.struct_size = 0;
  CHECK_REFUSED(rattan_index_build(&k, &q, &params, &index), "struct_size");
  static float bad[2][DIM];
  bad[1][3] = NAN;
  rattan_matrix b = matrix(bad, 2, DIM);
  params = params_of(RATTAN_KIND_FLAT, RATTAN_INNER_PRODUCT);
  CHECK_REFUSED(rattan_index_build(&b, NULL, &params, &index), "keys: row 1, column 3");
  b.cols = 3;
  CHECK(index == NULL);

  index = built(RATTAN_KIND_FLAT, RATTAN_INNER_PRODUCT);
  uint32_t ids[4 * K] = {7};
  rattan_search_params search;
  rattan_search_params_init(&search);
  search.k = K;
  CHECK_REFUSED(rattan_index_search(index, &b, &search, ids, NULL, NULL), "dim");
  const rattan_matrix three = matrix(queries, 3, DIM);
  search.group = 2;
  CHECK_REFUSED(rattan_index_search(index, &three, &search, ids, NULL, NULL), "group");
  search.group = 1;
  search.k = UINT32_MAX;
  CHECK_REFUSED(rattan_index_search(index, &three, &search, ids, NULL, NULL), "k");
  rattan_search_stats stats;
  memset(&stats, 0, sizeof stats);
  search.k = K;
  CHECK_REFUSED(rattan_index_search(index, &three, &search, ids, NULL, &stats), "stats");
  CHECK(ids[0] == 7);
  CHECK_REFUSED(rattan_index_save(index, ""), "file");
  rattan_index_destroy(index);
}

/* Every pointer parameter of every function, one at a time. */
static void case_null(void) {
  const rattan_matrix k = matrix(keys, KEYS, DIM), q = matrix(queries, 1, DIM);
  rattan_index* made = NULL;
  rattan_index* index = NULL;
  uint32_t ids[100];
  uint64_t bytes = 0;
  size_t needed = 0;
  char text[8];
  rattan_index_params_init(NULL);
  rattan_search_params_init(NULL);
  rattan_search_stats_init(NULL);
  rattan_index_destroy(NULL);
  CHECK_OK(rattan_index_build(&k, NULL, NULL, &index));
  CHECK_REFUSED(rattan_index_build(NULL, NULL, NULL, &made), "keys");
  CHECK_REFUSED(rattan_index_build(&k, NULL, NULL, NULL), "index");
  CHECK_REFUSED(rattan_index_save(NULL, "x"), "index");
  CHECK_REFUSED(rattan_index_save(index, NULL), "file");
  CHECK_REFUSED(rattan_index_open(NULL, &k, 1, &made), "file");
  CHECK_REFUSED(rattan_index_open("x", NULL, 1, &made), "keys");
  CHECK_REFUSED(rattan_index_open("x", &k, 1, NULL), "index");
  CHECK_REFUSED(rattan_index_search(NULL, &q, NULL, ids, NULL, NULL), "index");
  CHECK_REFUSED(rattan_index_search(index, NULL, NULL, ids, NULL, NULL), "queries");
  CHECK_REFUSED(rattan_index_search(index, &q, NULL, NULL, NULL, NULL), "ids");
  CHECK_OK(rattan_index_search(index, &q, NULL, ids, NULL, NULL));
  CHECK_REFUSED(rattan_index_describe(NULL, text, sizeof text, &needed), "index");
  CHECK_REFUSED(rattan_index_describe(index, NULL, sizeof text, &needed), "text");
  CHECK_REFUSED(rattan_index_describe(index, text, sizeof text, NULL), "needed");
  CHECK_REFUSED(rattan_index_memory(NULL, &bytes), "index");
  CHECK_REFUSED(rattan_index_memory(index, NULL), "bytes");
  CHECK(made == NULL);
  rattan_index_destroy(index);
}

static const struct test_case cases[] = {{"every_kind", case_every_kind}, {"save_and_open", case_save_and_open},
                                         {"ranges", case_ranges},         {"describe", case_describe},
                                         {"bad_input", case_bad_input},   {"null", case_null}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < KEYS * DIM; ++i) keys[i / DIM][i % DIM] = next_number();
  for (size_t i = 0; i < (QUERIES + ASKED) * DIM; ++i) queries[i / DIM][i % DIM] = next_number();
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
