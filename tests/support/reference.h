// Slow, plain, double-precision answers that tests compare against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/exact_topk.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

namespace rattan::test {

// Inner product or negated squared distance of two rows.
double reference_score(const MatrixView& queries, std::size_t query, const MatrixView& keys, std::size_t key,
                       Metric metric = Metric::inner_product);

// Brute-force top-k. Scores are computed in double, rounded to float and then ordered (ties to the smaller id).
NeighborTable reference_topk(const MatrixView& queries, const MatrixView& keys, std::uint32_t k,
                             Metric metric = Metric::inner_product, const Visibility& visible = {});

// Fails the calling test unless `found` is `truth` but for keys whose scores differ by rounding: rows are sorted,
// without duplicates, as long as the truth's, and slot by slot the true score of the found key is within `tolerance` of
// the truth's score. The reported score must be within `tolerance` of the true one as well.
void expect_neighbors(const NeighborTable& found, const NeighborTable& truth, const MatrixView& queries,
                      const MatrixView& keys, double tolerance, Metric metric = Metric::inner_product);

// Attention of one query row over the given keys: sum of softmax(scale * <q, k>) * v, and the natural log of the sum of
// exp(scale * <q, k>). No keys: zeros and -infinity.
struct ReferenceAttention {
  std::vector<double> output;
  double lse = 0;
};
ReferenceAttention reference_attention(const MatrixView& queries, std::size_t query, const MatrixView& keys,
                                       const MatrixView& values, std::span<const KeyId> ids, double scale);

// softmax(scale * <q, k_id>) of the given keys.
std::vector<double> reference_softmax(const MatrixView& queries, std::size_t query, const MatrixView& keys,
                                      std::span<const KeyId> ids, double scale);

// Share of the softmax over the first `visible` keys that keys [begin, end) hold.
double reference_mass(const MatrixView& queries, std::size_t query, const MatrixView& keys, std::size_t visible,
                      std::size_t begin, std::size_t end, double scale);

// 0, 1, ..., count - 1.
std::vector<KeyId> all_ids(std::size_t count);

}  // namespace rattan::test
