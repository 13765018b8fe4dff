// What the AVX-512 kernels over codes share; `Multiply` brings the instructions that differ.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/element.h"

namespace rattan::simd {
namespace {

template <typename Multiply>
struct CodeLanes512 : Multiply {
  static constexpr std::size_t width = 64;
  static constexpr std::size_t rows_at_once = 4;
  static constexpr std::size_t blocks_at_once = 2;

  using Codes = __m512i;
  using Query = __m512i;
  using Sum = __m512i;

  static Codes load(Bytes at) { return _mm512_loadu_si512(at); }
  // The upper half is zero.
  static Codes load_step(Bytes at) {
    return _mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  static Query as_query(Codes bytes) { return bytes; }
  static Query repeat_four(Bytes at) {
    std::int32_t four;
    __builtin_memcpy(&four, at, sizeof four);
    return _mm512_set1_epi32(four);
  }
  static Codes low_half(Codes codes) { return _mm512_and_si512(codes, _mm512_set1_epi8(15)); }
  static Codes high_half(Codes codes) { return low_half(_mm512_srli_epi16(codes, 4)); }
  static Sum zero() { return _mm512_setzero_si512(); }
  static Sum add(Sum a, Sum b) { return _mm512_add_epi32(a, b); }

  template <std::size_t R>
  static void store_sums(const Sum (&sum)[R], float* out) {
    static_assert(R == 1 || R == 4);
    const __m128 sums = _mm_cvtepi32_ps(sum_lanes(sum[0], sum[R > 1 ? 1 : 0], sum[R > 1 ? 2 : 0], sum[R - 1]));
    if constexpr (R == 4) _mm_storeu_ps(out, sums);
    if constexpr (R == 1) _mm_store_ss(out, sums);
  }
  static void store_each(Sum sum, float* out) { _mm512_storeu_ps(out, _mm512_cvtepi32_ps(sum)); }

 private:
  static __m128i sum_lanes(__m512i a, __m512i b, __m512i c, __m512i d) {
    const __m512i ab = add(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = add(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    const __m512i abcd = add(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
};

}  // namespace
}  // namespace rattan::simd
