#include "linear.h"

#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "program.h"

enum { few_rows = 8 };     // below, the weight is read once for each row instead of being unpacked
enum { block_rows = 64 };  // of results at a time

struct product {
  const struct weight* weight;
  const float* in;
  size_t rows;
  float* out;
};

static void few(void* argument, uint32_t ith, uint32_t nth) {
  const struct product* product = argument;
  const struct weight* weight = product->weight;
  const size_t begin = (size_t)weight->outputs * ith / nth, end = (size_t)weight->outputs * (ith + 1) / nth;
  for (size_t r = 0; r < product->rows; ++r) {
    const float* in = product->in + r * weight->inputs;
    for (size_t o = begin; o < end; ++o) {
      product->out[r * weight->outputs + o] =
          weight->scales[o] * best_kernels()->dot_int8(in, weight->rows + o * weight->inputs, weight->inputs);
    }
  }
}

// panel[i][c] = weight of output first + c and input i; zeros beyond the last output.
static void unpack(float* panel, const struct weight* weight, size_t first, size_t columns) {
  for (size_t c = 0; c < columns; ++c) {
    const int8_t* row = weight->rows + (first + c) * weight->inputs;
    for (size_t i = 0; i < weight->inputs; ++i) panel[i * panel_width + c] = weight->scales[first + c] * (float)row[i];
  }
}

static void many(void* argument, uint32_t ith, uint32_t nth) {
  const struct product* product = argument;
  const struct weight* weight = product->weight;
  float* panel = allocate((size_t)weight->inputs * panel_width, sizeof *panel);
  for (size_t first = (size_t)ith * panel_width; first < weight->outputs; first += (size_t)nth * panel_width) {
    const size_t columns = weight->outputs - first < panel_width ? weight->outputs - first : panel_width;
    unpack(panel, weight, first, columns);
    for (size_t row = 0; row < product->rows; row += block_rows) {
      const size_t rows = product->rows - row < block_rows ? product->rows - row : block_rows;
      float sums[block_rows * panel_width] = {0};
      best_kernels()->multiply(sums, rows, product->in + row * weight->inputs, weight->inputs, 1, panel,
                               weight->inputs);
      for (size_t r = 0; r < rows; ++r) {
        memcpy(product->out + (row + r) * weight->outputs + first, sums + r * panel_width, columns * sizeof(float));
      }
    }
  }
  free(panel);
}

void linear(struct threads* threads, const struct weight* weight, const float* in, size_t rows, float* out) {
  struct product product = {weight, in, rows, out};
  threads_run(threads, rows < few_rows ? few : many, &product);
}
