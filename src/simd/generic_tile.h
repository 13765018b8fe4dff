// Inner products of many with many: packed panels and a register block of Lanes::tile_a rows x Lanes::tile_b batches.
// See generic_score.h for how ISAs are kept apart.
#pragma once

#include <cstddef>

#include "simd/element.h"
#include "simd/kernels.h"

namespace rattan::simd {

using FourFloats = float __attribute__((vector_size(16)));

// packed[c * panel + i] = row i, column c of a 4 x 4 block whose rows start `stride` floats apart.
template <typename Lanes, std::size_t panel>
void transpose_four(const float* rows, std::size_t stride, float* packed) {
  FourFloats row[4];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) __builtin_memcpy(&row[i], rows + i * stride, sizeof row[i]);
  const FourFloats low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  const FourFloats high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const FourFloats low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  const FourFloats high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  const FourFloats column[4] = {
      __builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
      __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
#pragma GCC unroll 4
  for (std::size_t c = 0; c < 4; ++c) __builtin_memcpy(packed + c * panel, &column[c], sizeof column[c]);
}

// Panel p holds rows [p * panel, (p + 1) * panel) column by column; rows past the end are zero.
template <typename Lanes, std::size_t panel>
void pack_panels(const float* source, std::size_t rows, std::size_t dim, float* packed) {
  for (std::size_t first = 0; first < rows; first += panel, packed += panel * dim) {
    const float* from = source + first * dim;
    const std::size_t present = rows - first < panel ? rows - first : panel;
    std::size_t i = 0;
    for (; i + 4 <= present; i += 4) {
      std::size_t column = 0;
      for (; column + 4 <= dim; column += 4)
        transpose_four<Lanes, panel>(from + i * dim + column, dim, packed + column * panel + i);
      for (; column < dim; ++column)
        for (std::size_t j = i; j < i + 4; ++j) packed[column * panel + j] = from[j * dim + column];
    }
    for (; i < panel; ++i)
      for (std::size_t column = 0; column < dim; ++column)
        packed[column * panel + i] = i < present ? from[i * dim + column] : 0.0F;
  }
}

template <typename Lanes>
void multiply_tile(const float* a, const float* b, std::size_t dim, float* out, std::size_t out_stride) {
  using Batch = typename Lanes::Batch;
  constexpr std::size_t width = Lanes::width;
  Batch sum[Lanes::tile_a][Lanes::tile_b];
#pragma GCC unroll 16
  for (auto& row : sum)
#pragma GCC unroll 16
    for (Batch& cell : row) cell = Lanes::zero();
  for (std::size_t column = 0; column < dim; ++column) {
    Batch right[Lanes::tile_b];
#pragma GCC unroll 16
    for (std::size_t j = 0; j < Lanes::tile_b; ++j)
      right[j] = Lanes::load(F32{}, reinterpret_cast<Bytes>(b + j * width));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Lanes::tile_a; ++i) {
      const Batch left = Lanes::broadcast(a[i]);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < Lanes::tile_b; ++j) sum[i][j] = Lanes::multiply_add(left, right[j], sum[i][j]);
    }
    a += Lanes::tile_a;
    b += Lanes::tile_b * width;
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < Lanes::tile_a; ++i)
#pragma GCC unroll 16
    for (std::size_t j = 0; j < Lanes::tile_b; ++j) Lanes::store(sum[i][j], out + i * out_stride + j * width);
}

// One panel of b stays in the first-level cache while all of a passes by.
template <typename Lanes>
void multiply_panels(const float* packed_a, std::size_t a_rows, const float* packed_b, std::size_t b_rows,
                     std::size_t dim, float* out, std::size_t out_stride) {
  constexpr std::size_t a_panel = Lanes::tile_a;
  constexpr std::size_t b_panel = Lanes::tile_b * Lanes::width;
  for (std::size_t j = 0; j < b_rows; j += b_panel)
    for (std::size_t i = 0; i < a_rows; i += a_panel)
      multiply_tile<Lanes>(packed_a + i * dim, packed_b + j * dim, dim, out + i * out_stride + j, out_stride);
}

template <typename Lanes>
constexpr TileKernel make_tile() {
  constexpr std::size_t b_panel = Lanes::tile_b * Lanes::width;
  return {Lanes::tile_a, b_panel, &pack_panels<Lanes, Lanes::tile_a>, &pack_panels<Lanes, b_panel>,
          &multiply_panels<Lanes>};
}

}  // namespace rattan::simd
