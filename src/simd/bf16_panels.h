// fp32 rows rounded to bf16 pairs of columns, packed for the tile products of AVX512-BF16 and AMX-BF16. Only sources
// with those flags include this; each passes a Source tag of its own (see generic_score.h for how ISAs are kept apart).
//
// A pair is the 32 bits of columns 2c and 2c + 1. Rounding is to nearest even; subnormals become zero, as they are to
// the instructions that multiply the pairs.
#pragma once

#include <immintrin.h>

#include <cstddef>

#include "simd/generic_tile.h"

namespace rattan::simd {
namespace {

inline constexpr std::size_t pairs_at_once = 16;

// Columns [column, column + 32) of one row as 16 pairs; columns from `dim` on are zero.
template <typename Source>
__m512i load_pairs(const float* row, std::size_t column, std::size_t dim) {
  const auto present = [&](std::size_t first) -> __mmask16 {
    const std::size_t count = dim > first ? dim - first : 0;
    return static_cast<__mmask16>(count >= 16 ? 0xffffU : (1U << count) - 1U);
  };
  const __m512 low = _mm512_maskz_loadu_ps(present(column), row + column);
  const __m512 high = _mm512_maskz_loadu_ps(present(column + 16), row + column + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// Row after row, each padded with zeros to `pairs`, a multiple of 16; rows past the end of the last panel are zero.
template <typename Source, std::size_t panel>
void pack_pair_rows(const float* source, std::size_t rows, std::size_t dim, std::size_t pairs, float* packed) {
  const std::size_t padded = (rows + panel - 1) / panel * panel;
  for (std::size_t row = 0; row < padded; ++row)
    for (std::size_t pair = 0; pair < pairs; pair += pairs_at_once, packed += pairs_at_once)
      _mm512_storeu_si512(packed,
                          row < rows ? load_pairs<Source>(source + row * dim, 2 * pair, dim) : _mm512_setzero_si512());
}

// Panel p holds rows [p * panel, (p + 1) * panel) pair by pair, packed[pair * panel + row], `pairs` of them.
template <typename Source, std::size_t panel>
void pack_pair_panels(const float* source, std::size_t rows, std::size_t dim, std::size_t pairs, float* packed) {
  static_assert(panel % 4 == 0);
  for (std::size_t first = 0; first < rows; first += panel, packed += panel * pairs) {
    for (std::size_t row = 0; row < panel; row += 4) {
      for (std::size_t pair = 0; pair < pairs; pair += pairs_at_once) {
        float four[4 * pairs_at_once];
        for (std::size_t i = 0; i < 4; ++i)
          _mm512_storeu_si512(four + i * pairs_at_once,
                              first + row + i < rows
                                  ? load_pairs<Source>(source + (first + row + i) * dim, 2 * pair, dim)
                                  : _mm512_setzero_si512());
        const std::size_t count = pairs - pair < pairs_at_once ? pairs - pair : pairs_at_once;
        std::size_t c = 0;
        for (; c + 4 <= count; c += 4)
          transpose_four<Source, panel>(four + c, pairs_at_once, packed + (pair + c) * panel + row);
        for (; c < count; ++c)
          for (std::size_t i = 0; i < 4; ++i)
            __builtin_memcpy(packed + (pair + c) * panel + row + i, four + i * pairs_at_once + c, sizeof(float));
      }
    }
  }
}

}  // namespace
}  // namespace rattan::simd
