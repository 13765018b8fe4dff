// Sixteen fp32 lanes: xsimd's AVX-512 batch, and the instructions that xsimd 8.1 has no name for (fused multiply-add,
// half conversions, masked tails, the four-way sum).
#pragma once

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "simd/element.h"

namespace rattan::simd {
namespace {

struct Avx512 {
  using Batch = xsimd::batch<float, xsimd::avx512f>;
  static constexpr std::size_t width = 16;

  static constexpr std::size_t tile_a = 8;
  static constexpr std::size_t tile_b = 3;
  // Thirty-two registers: accumulators, one register a row and one for the query.
  static constexpr std::size_t rows_at_once(std::size_t) { return 4; }
  static constexpr std::size_t columns_at_once(std::size_t sets) { return sets > 2 ? 4 : 8; }

  static Batch zero() { return _mm512_setzero_ps(); }
  static Batch broadcast(float value) { return _mm512_set1_ps(value); }
  static Batch multiply_add(Batch a, Batch b, Batch c) { return _mm512_fmadd_ps(a.data, b.data, c.data); }
  static Batch subtract(Batch a, Batch b) { return a - b; }
  static Batch add(Batch a, Batch b) { return a + b; }
  static Batch divide(Batch a, Batch b) { return a / b; }
  static Batch larger(Batch a, Batch b) { return _mm512_max_ps(a.data, b.data); }  // b where either is NaN

  // 2^n, -126 <= n <= 127, for a sum of n and 1.5 * 2^23.
  static Batch power_of_two(Batch shifted) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted.data), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3f800000)));
  }
  // `value`, but zero where x < least.
  static Batch zero_below(Batch value, Batch x, Batch least) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.data, least.data, _CMP_NLT_UQ), value.data);
  }

  // Four rows share a query: the compiler keeps it by itself.
  template <typename Operand>
  static void keep(Operand&) {}

  static Batch load(F32, Bytes at) { return Batch::load_unaligned(reinterpret_cast<const float*>(at)); }
  static Batch load(F16, Bytes at) { return widen(F16{}, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))); }
  static Batch load(Bf16, Bytes at) { return widen(Bf16{}, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))); }

  // Lanes from `count` on are zero; nothing behind them is read.
  static Batch load_tail(F32, Bytes at, std::size_t count) { return _mm512_maskz_loadu_ps(first_lanes(count), at); }
  template <typename Half>
  static Batch load_tail(Half tag, Bytes at, std::size_t count) {
    return widen(tag, _mm256_maskz_loadu_epi16(first_lanes(count), at));
  }

  static void store(Batch batch, float* out) { batch.store_unaligned(out); }
  static void store_tail(Batch batch, float* out, std::size_t count) {
    _mm512_mask_storeu_ps(out, first_lanes(count), batch.data);
  }

  // out[r] = sum of the lanes of sum[r], for any R by the same tree: neighbours two apart, neighbours, halves, halves.
  // No masked stores: they are microcode on Zen 4.
  template <std::size_t R>
  static void store_sums(const Batch (&sum)[R], float* out) {
    static_assert(R == 1 || R == 2 || R == 4);
    const __m128 sums = sum_lanes(sum[0].data, sum[R > 1 ? 1 : 0].data, sum[R > 2 ? 2 : 0].data, sum[R - 1].data);
    if constexpr (R == 4) _mm_storeu_ps(out, sums);
    if constexpr (R == 2) _mm_storel_pi(reinterpret_cast<__m64*>(out), sums);
    if constexpr (R == 1) _mm_store_ss(out, sums);
  }

  static std::size_t select_above(const float* scores, std::size_t count, float threshold, std::uint32_t* positions) {
    const __m512 least = _mm512_set1_ps(threshold);
    __m512i position = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    std::size_t selected = 0;
    for (std::size_t i = 0; i < count; i += width) {
      // Of a long list almost nothing passes: four batches are looked at together until one of them has something. In
      // a short one, of a walk, whether something passes is a guess to the branch predictor: nothing is skipped.
      std::size_t skipped = 0;
      while (count >= long_list && count - i >= 4 * width && !any_above(scores + i, least)) {
        i += 4 * width;
        skipped += 4 * width;
      }
      if (i >= count) break;
      position = _mm512_add_epi32(position, _mm512_set1_epi32(static_cast<int>(skipped)));
      const __mmask16 present = count - i < width ? first_lanes(count - i) : static_cast<__mmask16>(0xffff);
      const __m512 score = _mm512_maskz_loadu_ps(present, scores + i);
      const __mmask16 above = _mm512_mask_cmp_ps_mask(present, score, least, _CMP_GE_OQ);
      const auto passed = static_cast<std::size_t>(__builtin_popcount(above));
      // Compress in a register: the compressing store is microcode on Zen 4.
      _mm512_mask_storeu_epi32(positions + selected, first_lanes(passed), _mm512_maskz_compress_epi32(above, position));
      selected += passed;
      position = _mm512_add_epi32(position, _mm512_set1_epi32(16));
    }
    return selected;
  }

 private:
  static Batch widen(F16, __m256i halves) { return _mm512_cvtph_ps(halves); }
  static Batch widen(Bf16, __m256i halves) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }

  static constexpr std::size_t long_list = 512;

  static bool any_above(const float* scores, __m512 least) {
    const __mmask16 first = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), least, _CMP_GE_OQ);
    const __mmask16 second = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + 16), least, _CMP_GE_OQ);
    const __mmask16 third = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + 32), least, _CMP_GE_OQ);
    const __mmask16 fourth = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + 48), least, _CMP_GE_OQ);
    return ((first | second) | (third | fourth)) != 0;
  }

  static __mmask16 first_lanes(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1U); }

  static __m128 sum_lanes(__m512 a, __m512 b, __m512 c, __m512 d) {
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
};

}  // namespace
}  // namespace rattan::simd
