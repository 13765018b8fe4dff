// The inner loops, compiled once per instruction set (kernels_body.h) and chosen when the program runs.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { panel_width = 32 };  // columns that the matrix kernels work on at a time
enum { most_head_dim = 256 };
enum { key_tile = 64 };  // keys that are widened to floats at a time

struct kernels {
  const char* name;

  // sums[r][c] += sum over i of a[r * row_step + i * column_step] * b[i][c], for `rows` rows and panel_width columns.
  void (*multiply)(float* sums, size_t rows, const float* a, size_t row_step, size_t column_step, const float* b,
                   size_t depth);

  // Halves to floats; values are finite.
  void (*widen)(float* to, const uint16_t* from, size_t count);

  float (*dot_int8)(const float* a, const int8_t* b, size_t count);

  // Online softmax of panel_width queries, a column each. In: scores[key][query], base-2 logarithms. Out: scores are
  // weights relative to the new maxima; sums and output[dim][query] are carried along.
  void (*soften)(float* scores, size_t keys, float* maxima, float* sums, float* output, size_t dim);

  // One decoding query over at most key_tile widened keys and values, carried along likewise.
  void (*attend)(const float* query, const float* keys, const float* values, size_t count, size_t dim, float* maximum,
                 float* sum, float* output);
};

// Sets that this machine runs, the best last. kernels_at: NULL from the end on.
const struct kernels* kernels_at(size_t index);
const struct kernels* best_kernels(void);
