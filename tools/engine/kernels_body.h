// Body of every instruction set: a source defines LANES (floats of a register), BLOCK_ROWS (rows whose sums stay in
// registers) and KERNELS (the table's name), then includes this. Loops are plain where the compiler vectorises them by
// itself; the matrix product names its registers.
#pragma once

#include <string.h>

#include "kernels.h"

enum { registers = panel_width / LANES };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

static inline __attribute__((always_inline)) void multiply_rows(size_t rows, float* sums, const float* a,
                                                                size_t row_step, size_t column_step, const float* b,
                                                                size_t depth) {
  lanes total[BLOCK_ROWS][registers];
#pragma GCC unroll 16
  for (size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (size_t v = 0; v < registers; ++v) total[r][v] = *(const lanes*)(sums + r * panel_width + v * LANES);
  }
  for (size_t i = 0; i < depth; ++i) {
    lanes row[registers];
#pragma GCC unroll 16
    for (size_t v = 0; v < registers; ++v) row[v] = *(const lanes*)(b + i * panel_width + v * LANES);
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; ++r) {
      const float factor = a[r * row_step + i * column_step];
#pragma GCC unroll 16
      for (size_t v = 0; v < registers; ++v) total[r][v] += factor * row[v];
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (size_t v = 0; v < registers; ++v) *(lanes*)(sums + r * panel_width + v * LANES) = total[r][v];
  }
}

static void multiply(float* sums, size_t rows, const float* a, size_t row_step, size_t column_step, const float* b,
                     size_t depth) {
  for (; rows >= BLOCK_ROWS; rows -= BLOCK_ROWS, sums += BLOCK_ROWS * panel_width, a += BLOCK_ROWS * row_step) {
    multiply_rows(BLOCK_ROWS, sums, a, row_step, column_step, b, depth);
  }
  for (; rows > 0; --rows, sums += panel_width, a += row_step)
    multiply_rows(1, sums, a, row_step, column_step, b, depth);
}

// Sign, and the rest moved to a float's place, whose exponent is then 112 too small: exact for subnormal halves too.
static void widen(float* restrict to, const uint16_t* restrict from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t magnitude = (uint32_t)(from[i] & 0x7fffU) << 13;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112F;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits |= (uint32_t)(from[i] & 0x8000U) << 16;
    memcpy(to + i, &bits, sizeof bits);
  }
}

static float dot_int8(const float* restrict a, const int8_t* restrict b, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * (float)b[i];
  return sum;
}

static float dot(const float* restrict a, const float* restrict b, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// 2^x for x <= 0 within 3e-7 of itself: a polynomial of the fraction in (-0.5, 0.5], then the exponent. A tiny number
// below -126.
static inline float power_of_two(float x) {
  x = x < -126.0F ? -126.0F : x;
  const int32_t whole = (int32_t)(x - 0.5F);
  const float f = x - (float)whole;
  float p = 1.3333558e-3F + f * 1.5403530e-4F;
  p = 9.6181291e-3F + f * p;
  p = 5.5504109e-2F + f * p;
  p = 2.4022651e-1F + f * p;
  p = 6.9314718e-1F + f * p;
  p = 1.0F + f * p;
  const int32_t exponent = (int32_t)((uint32_t)(whole + 127) << 23);
  float scale;
  memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

static void soften(float* restrict scores, size_t keys, float* restrict maxima, float* restrict sums,
                   float* restrict output, size_t dim) {
  float top[panel_width], factor[panel_width], sum[panel_width];
  for (size_t c = 0; c < panel_width; ++c) top[c] = maxima[c];
  for (size_t r = 0; r < keys; ++r) {
    const float* row = scores + r * panel_width;
    for (size_t c = 0; c < panel_width; ++c) top[c] = row[c] > top[c] ? row[c] : top[c];
  }
  for (size_t c = 0; c < panel_width; ++c) {
    factor[c] = power_of_two(maxima[c] - top[c]);
    sum[c] = sums[c] * factor[c];
    maxima[c] = top[c];
  }
  for (size_t r = 0; r < keys; ++r) {
    float* row = scores + r * panel_width;
    for (size_t c = 0; c < panel_width; ++c) {
      row[c] = power_of_two(row[c] - top[c]);
      sum[c] += row[c];
    }
  }
  for (size_t c = 0; c < panel_width; ++c) sums[c] = sum[c];
  for (size_t d = 0; d < dim; ++d) {
    float* row = output + d * panel_width;
    for (size_t c = 0; c < panel_width; ++c) row[c] *= factor[c];
  }
}

static void attend(const float* restrict query, const float* restrict keys, const float* restrict values, size_t count,
                   size_t dim, float* maximum, float* sum, float* restrict output) {
  float weights[key_tile];
  float top = *maximum;
  for (size_t r = 0; r < count; ++r) {
    weights[r] = dot(query, keys + r * dim, dim);
    top = weights[r] > top ? weights[r] : top;
  }
  const float factor = power_of_two(*maximum - top);
  float total = *sum * factor;
  for (size_t r = 0; r < count; ++r) {
    weights[r] = power_of_two(weights[r] - top);
    total += weights[r];
  }
  for (size_t d = 0; d < dim; ++d) output[d] *= factor;
  for (size_t r = 0; r < count; ++r) {
    for (size_t d = 0; d < dim; ++d) output[d] += weights[r] * values[r * dim + d];
  }
  *maximum = top;
  *sum = total;
}

#define KERNELS_TEXT(name) #name
#define KERNELS_NAME(name) KERNELS_TEXT(name)
const struct kernels KERNELS = {KERNELS_NAME(KERNELS), multiply, widen, dot_int8, soften, attend};
