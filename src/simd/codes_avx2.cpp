#include <immintrin.h>

#include <cstdint>

#include "simd/generic_codes.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct Lanes {
  static constexpr std::size_t width = 32;
  static constexpr std::size_t rows_at_once = 2;
  static constexpr std::size_t blocks_at_once = 1;

  using Codes = __m256i;
  using Query = __m256i;
  using Sum = __m256i;

  static Codes load(Bytes at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
  static Query as_query(Codes bytes) { return bytes; }
  static Query repeat_four(Bytes at) {
    std::int32_t four;
    __builtin_memcpy(&four, at, sizeof four);
    return _mm256_set1_epi32(four);
  }
  static Codes low_half(Codes codes) { return _mm256_and_si256(codes, _mm256_set1_epi8(15)); }
  static Codes high_half(Codes codes) { return low_half(_mm256_srli_epi16(codes, 4)); }
  static Sum zero() { return _mm256_setzero_si256(); }
  static Sum add(Sum a, Sum b) { return _mm256_add_epi32(a, b); }

  // Two products of a half byte and a query byte stay far below 2^15.
  static Sum multiply_add(Codes halves, Query query, Sum sum) { return add_pairs(halves, query, 1, sum); }
  // Two products of a whole byte would not: its halves are multiplied apart.
  static Sum multiply_add_bytes(Codes codes, Query query, Sum sum) {
    return add_pairs(low_half(codes), query, 1, add_pairs(high_half(codes), query, 16, sum));
  }

  template <std::size_t R>
  static void store_sums(const Sum (&sum)[R], float* out) {
    for (std::size_t r = 0; r < R; ++r) {
      __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum[r]), _mm256_extracti128_si256(sum[r], 1));
      half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
      half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
      out[r] = static_cast<float>(_mm_cvtsi128_si32(half));
    }
  }
  static void store_each(Sum sum, float* out) { _mm256_storeu_ps(out, _mm256_cvtepi32_ps(sum)); }

 private:
  static Sum add_pairs(Codes halves, Query query, std::int16_t weight, Sum sum) {
    const __m256i pairs = _mm256_maddubs_epi16(halves, query);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(weight)));
  }
};

}  // namespace

constinit const CodeKernels avx2_code_kernels = make_code_kernels<Lanes>();

}  // namespace rattan::simd
