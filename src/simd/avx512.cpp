#include "simd/generic_kernels.h"
#include "simd/lanes_avx512.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

using Lanes = Avx512<xsimd::avx512f>;

// The AVX-512 set, but bf16 rows are multiplied with bf16 queries by the instruction made for it.
constexpr Kernels with_bf16_products(const char* name, const TileKernel& bf16_tile) {
  Kernels set = make_kernels<Lanes>(name, avx512vnni_code_kernels);
  set.bf16_queries = true;
  set.bf16_tile = &bf16_tile;
  set.inner_product[static_cast<std::size_t>(DType::bf16)] = &inner_product_bf16;
  return set;
}

}  // namespace

constinit const Kernels avx512_kernels = make_kernels<Lanes>("avx512", avx512_code_kernels);
constinit const Kernels avx512bf16_kernels = with_bf16_products("avx512bf16", avx512bf16_tile);
constinit const Kernels avx512amx_kernels = with_bf16_products("avx512amx", avx512amx_tile);

}  // namespace rattan::simd
