#include "simd/code_lanes_avx512.h"
#include "simd/generic_codes.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct PairProducts {
  // Two products of a half byte and a query byte stay far below 2^15.
  static __m512i multiply_add(__m512i halves, __m512i query, __m512i sum) { return add_pairs(halves, query, 1, sum); }
  // Two products of a whole byte would not: its halves are multiplied apart.
  static __m512i multiply_add_bytes(__m512i codes, __m512i query, __m512i sum) {
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(codes, 4), mask);
    return add_pairs(_mm512_and_si512(codes, mask), query, 1, add_pairs(high, query, 16, sum));
  }

 private:
  static __m512i add_pairs(__m512i halves, __m512i query, std::int16_t weight, __m512i sum) {
    const __m512i pairs = _mm512_maddubs_epi16(halves, query);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(weight)));
  }
};

}  // namespace

constinit const CodeKernels avx512_code_kernels = make_code_kernels<CodeLanes512<PairProducts>>();

}  // namespace rattan::simd
