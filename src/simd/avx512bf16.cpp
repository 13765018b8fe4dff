// bf16 rows times bf16 queries. vdpbf16ps adds two products a lane to an fp32 sum; it takes subnormal inputs as zero
// and flushes subnormal results, whatever the caller's FP mode says.
#include "simd/generic_score.h"
#include "simd/lanes_avx512.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct PairProduct {
  using Lanes = Avx512<xsimd::avx512bw>;
  using Operand = __m512bh;
  using Query = Bf16;
  using Key = Bf16;
  static constexpr std::size_t step = 32;

  static Operand load_key(Bytes at) { return (Operand)_mm512_loadu_si512(at); }
  static Operand load_key_tail(Bytes at, std::size_t count) {
    return (Operand)_mm512_maskz_loadu_epi16((1U << count) - 1U, at);
  }
  static Operand load_query(Bytes at) { return load_key(at); }
  static Operand load_query_tail(Bytes at, std::size_t count) { return load_key_tail(at, count); }
  static Lanes::Batch accumulate(Operand query, Operand key, Lanes::Batch sum) {
    return _mm512_dpbf16_ps(sum.data, query, key);
  }
  static Lanes::Batch finish(Lanes::Batch sum) { return sum; }
};

}  // namespace

void inner_product_bf16(const void* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                        std::size_t dim, float* scores, std::size_t score_stride) {
  score_rows<PairProduct>(query_data, queries, row_data, rows, dim, scores, score_stride);
}

}  // namespace rattan::simd
