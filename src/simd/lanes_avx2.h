// Eight fp32 lanes: xsimd's AVX2 batch, and the instructions that xsimd 8.1 has no name for (half conversions, masked
// tails, the four-way sum).
#pragma once

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "simd/element.h"

namespace rattan::simd {
namespace {

struct Avx2 {
  using Batch = xsimd::batch<float, xsimd::fma3<xsimd::avx2>>;
  static constexpr std::size_t width = 8;

  static constexpr std::size_t tile_a = 6;
  static constexpr std::size_t tile_b = 2;
  // Sixteen registers: accumulators, one register a row and one for the query.
  static constexpr std::size_t rows_at_once(std::size_t queries) { return queries == 1 ? 4 : 2; }
  static constexpr std::size_t columns_at_once(std::size_t sets) { return 8 / sets; }

  static Batch zero() { return _mm256_setzero_ps(); }
  static Batch broadcast(float value) { return _mm256_set1_ps(value); }
  static Batch multiply_add(Batch a, Batch b, Batch c) { return xsimd::fma(a, b, c); }
  static Batch subtract(Batch a, Batch b) { return a - b; }
  static Batch add(Batch a, Batch b) { return a + b; }
  static Batch divide(Batch a, Batch b) { return a / b; }
  static Batch larger(Batch a, Batch b) { return _mm256_max_ps(a, b); }  // b where either is NaN

  // 2^n, -126 <= n <= 127, for a sum of n and 1.5 * 2^23.
  static Batch power_of_two(Batch shifted) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f800000)));
  }
  // `value`, but zero where x < least.
  static Batch zero_below(Batch value, Batch x, Batch least) {
    return _mm256_and_ps(value, _mm256_cmp_ps(x, least, _CMP_NLT_UQ));
  }

  // g++ would read a query again for each row; loads are what limits blocks of few rows (19 ns a row of 128 for four
  // queries without this line, 13 with it; Zen 4).
  static void keep(Batch& query) { asm("" : "+x"(query.data)); }

  static Batch load(F32, Bytes at) { return Batch::load_unaligned(reinterpret_cast<const float*>(at)); }
  static Batch load(F16, Bytes at) { return widen(F16{}, load_halves(at)); }
  static Batch load(Bf16, Bytes at) { return widen(Bf16{}, load_halves(at)); }

  // Lanes from `count` on are zero; nothing behind them is read.
  static Batch load_tail(F32, Bytes at, std::size_t count) {
    return _mm256_maskload_ps(reinterpret_cast<const float*>(at), first_lanes(count));
  }
  template <typename Half>
  static Batch load_tail(Half tag, Bytes at, std::size_t count) {
    alignas(16) unsigned char halves[16] = {};
    for (std::size_t i = 0; i < 2 * count; i += 2) __builtin_memcpy(halves + i, at + i, 2);
    return widen(tag, load_halves(halves));
  }

  static void store(Batch batch, float* out) { batch.store_unaligned(out); }
  static void store_tail(Batch batch, float* out, std::size_t count) {
    _mm256_maskstore_ps(out, first_lanes(count), batch);
  }

  // out[r] = sum of the lanes of sum[r], for any R by the same tree: neighbours two apart, neighbours, halves.
  template <std::size_t R>
  static void store_sums(const Batch (&sum)[R], float* out) {
    static_assert(R == 1 || R == 2 || R == 4);
    const __m128 sums = sum_lanes(sum[0], sum[R > 1 ? 1 : 0], sum[R > 2 ? 2 : 0], sum[R - 1]);
    if constexpr (R == 4) _mm_storeu_ps(out, sums);
    if constexpr (R == 2) _mm_storel_pi(reinterpret_cast<__m64*>(out), sums);
    if constexpr (R == 1) _mm_store_ss(out, sums);
  }

  static std::size_t select_above(const float* scores, std::size_t count, float threshold, std::uint32_t* positions) {
    const __m256 least = _mm256_set1_ps(threshold);
    std::size_t selected = 0;
    std::size_t i = 0;
    for (; i + width <= count; i += width) {
      unsigned mask = above(_mm256_loadu_ps(scores + i), least);
      for (; mask != 0; mask &= mask - 1)
        positions[selected++] = static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(__builtin_ctz(mask));
    }
    for (; i < count; ++i)
      if (scores[i] >= threshold) positions[selected++] = static_cast<std::uint32_t>(i);
    return selected;
  }

 private:
  static __m128i load_halves(Bytes at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
  static Batch widen(F16, __m128i halves) { return _mm256_cvtph_ps(halves); }
  static Batch widen(Bf16, __m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }

  static __m256i first_lanes(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  }

  static unsigned above(__m256 scores, __m256 least) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(scores, least, _CMP_GE_OQ)));
  }

  static __m128 sum_lanes(__m256 a, __m256 b, __m256 c, __m256 d) {
    const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    const __m256 abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
  }
};

}  // namespace
}  // namespace rattan::simd
