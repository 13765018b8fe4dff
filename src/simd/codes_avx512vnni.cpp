// vpdpbusd multiplies unsigned codes with signed query bytes and adds four products to a lane, without saturation.
#include "simd/code_lanes_avx512.h"
#include "simd/generic_codes.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct QuadProducts {
  static __m512i multiply_add(__m512i codes, __m512i query, __m512i sum) {
    return _mm512_dpbusd_epi32(sum, codes, query);
  }
  static __m512i multiply_add_bytes(__m512i codes, __m512i query, __m512i sum) {
    return multiply_add(codes, query, sum);
  }
};

}  // namespace

constinit const CodeKernels avx512vnni_code_kernels = make_code_kernels<CodeLanes512<QuadProducts>>();

}  // namespace rattan::simd
