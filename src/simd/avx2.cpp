#include "simd/generic_kernels.h"
#include "simd/lanes_avx2.h"
#include "simd/sets.h"

namespace rattan::simd {

constinit const Kernels avx2_kernels = make_kernels<Avx2>("avx2", avx2_code_kernels);

}  // namespace rattan::simd
