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

// A ScoreRows for bf16 rows with bf16 queries; needs AVX512-BF16.
void inner_product_bf16(const void* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                        std::size_t dim, float* scores, std::size_t score_stride);

}  // namespace rattan::simd
