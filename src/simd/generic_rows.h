// Weighted sums of rows and conversion of a row to fp32. See generic_score.h for how ISAs are kept apart.
#pragma once

#include <cstddef>

#include "simd/element.h"
#include "simd/generic_prefetch.h"

namespace rattan::simd {

// W sets of weights x C batches of columns, held in registers over all rows.
template <typename Lanes, typename Element, std::size_t W, std::size_t C>
struct WeightedBlock {
  using Batch = typename Lanes::Batch;

  static void run(const float* weights, std::size_t weight_stride, const void* const* row_data, std::size_t rows,
                  std::size_t column, std::size_t dim, float* out) {
    Batch sum[W][C];
#pragma GCC unroll 16
    for (std::size_t w = 0; w < W; ++w)
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) sum[w][c] = Lanes::load(F32{}, at(out, w, c, column, dim));
    Prefetcher<Lanes> prefetcher(row_data, column == 0 ? rows : 0, dim * Element::bytes);
    for (std::size_t r = 0; r < rows; ++r) {
      prefetcher.before(r + 1);
      const Bytes row = static_cast<Bytes>(row_data[r]) + column * Element::bytes;
      Batch value[C];
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) value[c] = Lanes::load(Element{}, row + c * Lanes::width * Element::bytes);
#pragma GCC unroll 16
      for (std::size_t w = 0; w < W; ++w) {
        const Batch weight = Lanes::broadcast(weights[w * weight_stride + r]);
#pragma GCC unroll 16
        for (std::size_t c = 0; c < C; ++c) sum[w][c] = Lanes::multiply_add(weight, value[c], sum[w][c]);
      }
    }
#pragma GCC unroll 16
    for (std::size_t w = 0; w < W; ++w)
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) Lanes::store(sum[w][c], out + w * dim + column + c * Lanes::width);
  }

 private:
  static Bytes at(const float* out, std::size_t w, std::size_t c, std::size_t column, std::size_t dim) {
    return reinterpret_cast<Bytes>(out + w * dim + column + c * Lanes::width);
  }
};

// The last, partial batch of columns.
template <typename Lanes, typename Element>
void add_weighted_tail(const float* weights, const void* const* row_data, std::size_t rows, std::size_t column,
                       std::size_t dim, float* out) {
  const std::size_t count = dim - column;
  typename Lanes::Batch sum = Lanes::load_tail(F32{}, reinterpret_cast<Bytes>(out + column), count);
  for (std::size_t r = 0; r < rows; ++r) {
    const Bytes row = static_cast<Bytes>(row_data[r]) + column * Element::bytes;
    sum = Lanes::multiply_add(Lanes::broadcast(weights[r]), Lanes::load_tail(Element{}, row, count), sum);
  }
  Lanes::store_tail(sum, out + column, count);
}

// Columns from `column` on, C batches at a time, then half as many: one batch alone would wait for its own sum.
// Returns the first column of the partial batch.
template <typename Lanes, typename Element, std::size_t W, std::size_t C>
std::size_t add_weighted_columns(const float* weights, std::size_t weight_stride, const void* const* row_data,
                                 std::size_t rows, std::size_t column, std::size_t dim, float* out) {
  for (; column + C * Lanes::width <= dim; column += C * Lanes::width)
    WeightedBlock<Lanes, Element, W, C>::run(weights, weight_stride, row_data, rows, column, dim, out);
  if constexpr (C > 1) {
    return add_weighted_columns<Lanes, Element, W, C / 2>(weights, weight_stride, row_data, rows, column, dim, out);
  } else {
    return column;
  }
}

template <typename Lanes, typename Element, std::size_t W>
void add_weighted_sets(const float* weights, std::size_t weight_stride, const void* const* row_data, std::size_t rows,
                       std::size_t dim, float* out) {
  const std::size_t column = add_weighted_columns<Lanes, Element, W, Lanes::columns_at_once(W)>(
      weights, weight_stride, row_data, rows, 0, dim, out);
  if (column == dim) return;
#pragma GCC unroll 16
  for (std::size_t w = 0; w < W; ++w)
    add_weighted_tail<Lanes, Element>(weights + w * weight_stride, row_data, rows, column, dim, out + w * dim);
}

// Sets are taken in runs of at most four, as even as they can be: a set alone uses a row that is loaded once.
template <typename Lanes, typename Element>
void add_weighted_chunk(const float* weights, std::size_t sets, std::size_t weight_stride, const void* const* row_data,
                        std::size_t rows, std::size_t dim, float* out) {
  for (std::size_t runs = (sets + 3) / 4; runs > 0; --runs) {
    const std::size_t run = (sets + runs - 1) / runs;
    switch (run) {
      case 1: add_weighted_sets<Lanes, Element, 1>(weights, weight_stride, row_data, rows, dim, out); break;
      case 2: add_weighted_sets<Lanes, Element, 2>(weights, weight_stride, row_data, rows, dim, out); break;
      case 3: add_weighted_sets<Lanes, Element, 3>(weights, weight_stride, row_data, rows, dim, out); break;
      default: add_weighted_sets<Lanes, Element, 4>(weights, weight_stride, row_data, rows, dim, out); break;
    }
    sets -= run;
    weights += run * weight_stride;
    out += run * dim;
  }
}

// Rows pass once for every run of sets and block of columns: as many at a time as stay in the second-level cache.
template <typename Lanes, typename Element>
void add_weighted_rows(const float* weights, std::size_t sets, std::size_t weight_stride, const void* const* row_data,
                       std::size_t rows, std::size_t dim, float* out) {
  constexpr std::size_t chunk_bytes = 131072;
  const std::size_t chunk = 1 + chunk_bytes / (dim * Element::bytes);
  for (std::size_t first = 0; first < rows; first += chunk) {
    const std::size_t count = rows - first < chunk ? rows - first : chunk;
    add_weighted_chunk<Lanes, Element>(weights + first, sets, weight_stride, row_data + first, count, dim, out);
  }
}

template <typename Lanes, typename Element>
void row_to_float(const void* row, std::size_t dim, float* out) {
  const Bytes from = static_cast<Bytes>(row);
  std::size_t column = 0;
  for (; column + Lanes::width <= dim; column += Lanes::width)
    Lanes::store(Lanes::load(Element{}, from + column * Element::bytes), out + column);
  if (column < dim)
    Lanes::store_tail(Lanes::load_tail(Element{}, from + column * Element::bytes, dim - column), out + column,
                      dim - column);
}

}  // namespace rattan::simd
