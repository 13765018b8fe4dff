// Keys, values and queries of every nature that has broken an index, from a few numbers: the same ones every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan::fuzz {

enum class Nature : std::uint8_t {
  uniform,
  small_integers,
  all_equal,
  two_values,
  one_giant,
  subnormal,
  heavy_tails,
  largest,  // that a context takes: just below 2^24
  near_duplicates,
  low_rank,
  zero
};
inline constexpr std::uint32_t natures = 11;
inline constexpr std::uint32_t tame_natures = 5;  // the first ones, whose scores are small

// `dim` elements of row number `row`, as they are after rounding to `dtype`; magnitudes below 2^24.
void make_row(Nature nature, std::uint64_t seed, std::uint64_t row, DType dtype, std::size_t dim, float* to);

// One element as stored, 2 or 4 bytes.
void store(float value, DType dtype, std::byte* to);

// Rows that own their bytes, each element as `values` says.
SharedMatrix stored_rows(const std::vector<float>& values, std::size_t rows, std::size_t dim, DType dtype);

// rows x dim.
std::vector<float> make_rows(Nature nature, std::uint64_t seed, std::size_t rows, DType dtype, std::size_t dim);

}  // namespace rattan::fuzz
