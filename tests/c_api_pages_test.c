/* Paged caches through the C API, copied and borrowed.
 * Usage: rattan_c_api_pages_c_test [CASE]; without a name every case runs. */
#include "c_api_text.h"

#include <stdio.h>
#include <string.h>

static void case_paged(void) {
  enum { BLOCK = 16, BLOCKS = (PREFILL + BLOCK - 1) / BLOCK };
  static float key_pool[KV_HEADS][BLOCKS][BLOCK][KEY_DIM], value_pool[KV_HEADS][BLOCKS][BLOCK][VALUE_DIM];
  uint32_t table[BLOCKS];
  for (uint32_t b = 0; b < BLOCKS; ++b) table[b] = BLOCKS - 1 - b;
  const rattan_shape shape = small_shape();
  rattan_params params = small_params(RATTAN_KIND_FLAT);
  params.copy_pages = 2;
  rattan_context* context = NULL;
  CHECK_REFUSED(rattan_context_create(&shape, &params, &context), "copy_pages");
  params.copy_pages = RATTAN_ON;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    rattan_matrix k[KV_HEADS], v[KV_HEADS];
    for (int h = 0; h < KV_HEADS; ++h) {
      for (size_t t = 0; t < PREFILL; ++t) {
        memcpy(key_pool[h][table[t / BLOCK]][t % BLOCK], keys[layer][h][t], sizeof keys[layer][h][t]);
        memcpy(value_pool[h][table[t / BLOCK]][t % BLOCK], values[layer][h][t], sizeof values[layer][h][t]);
      }
      k[h] = matrix(key_pool[h], PREFILL, KEY_DIM);
      v[h] = matrix(value_pool[h], PREFILL, VALUE_DIM);
      k[h].block_table = v[h].block_table = table;
      k[h].block_rows = v[h].block_rows = BLOCK;
      k[h].block_stride = BLOCK * KEY_DIM;
      v[h].block_stride = BLOCK * VALUE_DIM;
    }
    CHECK_OK(rattan_build_layer(context, layer, k, v, NULL, NULL));
    k[0].block_rows = 0;
    CHECK_REFUSED(rattan_build_layer(context, layer, k, v, NULL, NULL), "block_rows");
  }
  check_attention(context, PREFILL - 1, PREFILL); /* of copies: the pools are overwritten by the next layer */
  rattan_context_destroy(context);
}

/* The pages of an engine: [block][row][KV head][element], borrowed. */
enum { PAGE_ROWS = 16, PAGES = (TOKENS + PAGE_ROWS - 1) / PAGE_ROWS };
static float key_pages[LAYERS][PAGES][PAGE_ROWS][KV_HEADS][KEY_DIM];
static float value_pages[LAYERS][PAGES][PAGE_ROWS][KV_HEADS][VALUE_DIM];
static uint32_t page_table[PAGES];

static void write_pages(size_t begin, size_t end) {
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    for (size_t t = begin; t < end; ++t) {
      const uint32_t page = page_table[t / PAGE_ROWS];
      for (int h = 0; h < KV_HEADS; ++h) {
        memcpy(key_pages[layer][page][t % PAGE_ROWS][h], keys[layer][h][t], sizeof keys[layer][h][t]);
        memcpy(value_pages[layer][page][t % PAGE_ROWS][h], values[layer][h][t], sizeof values[layer][h][t]);
      }
    }
  }
}

static void paged_matrices(uint32_t layer, size_t rows, rattan_matrix* k, rattan_matrix* v) {
  for (int h = 0; h < KV_HEADS; ++h) {
    k[h] = matrix(key_pages[layer][0][0][h], rows, KEY_DIM);
    v[h] = matrix(value_pages[layer][0][0][h], rows, VALUE_DIM);
    k[h].row_stride = KV_HEADS * KEY_DIM;
    v[h].row_stride = KV_HEADS * VALUE_DIM;
    k[h].block_table = v[h].block_table = page_table;
    k[h].block_rows = v[h].block_rows = PAGE_ROWS;
  }
}

static void append_pages(rattan_context* context, size_t begin, size_t end) {
  write_pages(begin, end);
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    rattan_matrix k[KV_HEADS], v[KV_HEADS];
    paged_matrices(layer, end, k, v);
    CHECK_OK(rattan_append_pages(context, layer, end - begin, k, v, NULL));
  }
}

/* From nothing, token by token and page by page, into pages that follow in no order. */
static void check_pages(rattan_switch copied) {
  for (uint32_t p = 0; p < PAGES; ++p) page_table[p] = p * 7 % PAGES;
  const rattan_shape shape = small_shape();
  rattan_params params = small_params(RATTAN_KIND_FLAT);
  params.copy_pages = copied;
  rattan_context* context = NULL;
  CHECK_OK(rattan_context_create(&shape, &params, &context));
  rattan_matrix k[KV_HEADS], v[KV_HEADS];
  for (uint32_t layer = 0; layer < LAYERS; ++layer) {
    paged_matrices(layer, 0, k, v);
    CHECK_OK(rattan_build_layer(context, layer, k, v, NULL, NULL));
  }
  append_pages(context, 0, 1);
  append_pages(context, 1, PREFILL);
  check_attention(context, PREFILL - 1, PREFILL);
  append_pages(context, PREFILL, TOKENS);
  check_attention(context, TOKENS - 1, TOKENS);
  uint64_t bytes = 0;
  CHECK_OK(rattan_memory(context, &bytes));
  const uint64_t token = LAYERS * KV_HEADS * (KEY_DIM + VALUE_DIM) * sizeof(float);
  CHECK(bytes == (copied ? TOKENS * token : 0));
  rattan_context* fork = NULL;
  CHECK_OK(rattan_context_fork(context, &fork));
  rattan_context_destroy(context);
  check_attention(fork, TOKENS - 1, TOKENS);
  CHECK_OK(rattan_truncate(fork, PREFILL));
  append_pages(fork, PREFILL, TOKENS);
  check_attention(fork, TOKENS - 1, TOKENS);
  rattan_context_destroy(fork);
}

static void case_borrowed_pages(void) {
  check_pages(RATTAN_OFF);
  check_pages(RATTAN_ON);

  rattan_context* context = new_context(RATTAN_KIND_FLAT);
  rattan_matrix k[KV_HEADS], v[KV_HEADS];
  paged_matrices(0, PREFILL, k, v);
  v[1].block_table = NULL;
  CHECK_REFUSED(rattan_build_layer(context, 0, k, v, NULL, NULL), "values[1].block_table");
  paged_matrices(0, PREFILL, k, v);
  k[1].block_rows = 0;
  CHECK_REFUSED(rattan_build_layer(context, 0, k, v, NULL, NULL), "keys[1].block_rows");
  paged_matrices(0, PREFILL, k, v);
  CHECK_OK(rattan_build_layer(context, 0, k, v, NULL, NULL));
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, k, v, NULL), "keys[0].rows");
  paged_matrices(0, PREFILL + 1, k, v);
  k[0].block_table = NULL;
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, k, v, NULL), "keys[0].block_table");
  paged_matrices(0, PREFILL + 1, k, v);
  v[0].dtype = RATTAN_F16;
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, k, v, NULL), "values[0].dtype");
  v[0].dtype = RATTAN_F32;
  v[0].row_stride = 1;
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, k, v, NULL), "values[0].row_stride");
  v[0].row_stride = KV_HEADS * VALUE_DIM;
  CHECK_OK(rattan_append_pages(context, 0, 1, k, v, NULL));
  CHECK_REFUSED(rattan_append_pages(NULL, 0, 1, k, v, NULL), "context");
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, NULL, v, NULL), "keys");
  CHECK_REFUSED(rattan_append_pages(context, 0, 1, k, NULL, NULL), "values");
  rattan_matrix row_keys = matrix(keys[0][0][0], KV_HEADS, KEY_DIM);
  rattan_matrix row_values = matrix(values[0][0][0], KV_HEADS, VALUE_DIM);
  CHECK_REFUSED(rattan_append(context, 0, 1, &row_keys, &row_values, NULL), "append_pages");
  rattan_context_destroy(context);
}

static const struct test_case cases[] = {{"paged", case_paged}, {"borrowed_pages", case_borrowed_pages}};

int main(int argc, char** argv) {
  make_text();
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
