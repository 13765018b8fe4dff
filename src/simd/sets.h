// The kernel sets by name; only the detection of CPUs and the ISA files include this.
#pragma once

#include <cstddef>

#include "simd/kernels.h"

namespace rattan::simd {

extern const Kernels scalar_kernels;
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
extern const Kernels avx512bf16_kernels;
extern const Kernels avx512amx_kernels;

extern const TileKernel avx512bf16_tile;
extern const TileKernel avx512amx_tile;

extern const CodeKernels scalar_code_kernels;
extern const CodeKernels avx2_code_kernels;
extern const CodeKernels avx512_code_kernels;
extern const CodeKernels avx512vnni_code_kernels;

}  // namespace rattan::simd
