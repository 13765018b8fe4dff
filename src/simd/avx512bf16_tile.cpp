// The bf16 tile of AVX512-BF16: vdpbf16ps adds two products a lane, so a step does twice the work of a fused
// multiply-add.
#include "simd/bf16_panels.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct PairTile {};

constexpr std::size_t queries = 8;
constexpr std::size_t batches = 3;
constexpr std::size_t width = 16;
constexpr std::size_t keys = batches * width;
constexpr std::size_t columns = 2;

std::size_t pairs_of(std::size_t dim) { return (dim + 1) / 2; }

void pack_queries(const float* source, std::size_t rows, std::size_t dim, float* packed) {
  pack_pair_panels<PairTile, queries>(source, rows, dim, pairs_of(dim), packed);
}

void pack_keys(const float* source, std::size_t rows, std::size_t dim, float* packed) {
  pack_pair_panels<PairTile, keys>(source, rows, dim, pairs_of(dim), packed);
}

void multiply_block(const float* a, const float* b, std::size_t pairs, float* out, std::size_t out_stride) {
  __m512 sum[queries][batches];
#pragma GCC unroll 16
  for (auto& row : sum)
#pragma GCC unroll 16
    for (__m512& cell : row) cell = _mm512_setzero_ps();
  for (std::size_t pair = 0; pair < pairs; ++pair, a += queries, b += keys) {
    __m512bh right[batches];
#pragma GCC unroll 16
    for (std::size_t j = 0; j < batches; ++j) right[j] = (__m512bh)_mm512_loadu_ps(b + j * width);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < queries; ++i) {
      const auto left = (__m512bh)_mm512_set1_ps(a[i]);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < batches; ++j) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], left, right[j]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < queries; ++i)
#pragma GCC unroll 16
    for (std::size_t j = 0; j < batches; ++j) _mm512_storeu_ps(out + i * out_stride + j * width, sum[i][j]);
}

void multiply(const float* packed_a, std::size_t a_rows, const float* packed_b, std::size_t b_rows, std::size_t dim,
              float* out, std::size_t out_stride) {
  const std::size_t pairs = pairs_of(dim);
  for (std::size_t j = 0; j < b_rows; j += keys)
    for (std::size_t i = 0; i < a_rows; i += queries)
      multiply_block(packed_a + i * pairs, packed_b + j * pairs, pairs, out + i * out_stride + j, out_stride);
}

}  // namespace

constinit const TileKernel avx512bf16_tile = {queries, keys, &pack_queries, &pack_keys, &multiply, columns, 2};

}  // namespace rattan::simd
