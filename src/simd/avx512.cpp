#include "simd/generic_kernels.h"
#include "simd/lanes_avx512.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

// The AVX-512 set with the codes of VNNI and a bf16 tile. Rows are not multiplied by the bf16 instruction: it would
// round queries, and split into halves that lose nothing they take as long as fp32.
constexpr Kernels with_bf16_tile(const char* name, const TileKernel& bf16_tile) {
  Kernels set = make_kernels<Avx512>(name, avx512vnni_code_kernels);
  set.bf16_tile = &bf16_tile;
  return set;
}

}  // namespace

constinit const Kernels avx512_kernels = make_kernels<Avx512>("avx512", avx512_code_kernels);
constinit const Kernels avx512bf16_kernels = with_bf16_tile("avx512bf16", avx512bf16_tile);
constinit const Kernels avx512amx_kernels = with_bf16_tile("avx512amx", avx512amx_tile);

}  // namespace rattan::simd
