// Keys + prepared queries -> scores for ids: how search code calls kernels. It counts nothing; who asks counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "core/split_rows.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan {

// Query rows as kernels take them: fp32, from the start of a cache line. Nothing is rounded, so
// what is scored by them is exact within fp32. Reusable: prepare() allocates only when it grows.
class PreparedQueries {
 public:
  // queries: [rows, d] in any dtype.
  void prepare(MatrixView queries, const simd::Kernels& kernels);

  const float* data() const noexcept { return floats_.data(); }
  std::size_t count() const noexcept { return count_; }
  // Query `i` alone.
  const float* row(std::size_t i) const noexcept { return floats_.data() + i * dim_; }

 private:
  AlignedVector<float> floats_;
  std::size_t count_ = 0;
  std::size_t dim_ = 0;
};

class Scorer {
 public:
  Scorer(SplitRows keys, Metric metric) : Scorer(keys, metric, simd::kernels()) {}
  Scorer(SplitRows keys, Metric metric, const simd::Kernels& kernels) noexcept
      : keys_(keys), metric_(metric), kernels_(&kernels), score_(kernels.score(metric, keys.dtype())) {}

  const SplitRows& keys() const noexcept { return keys_; }
  Metric metric() const noexcept { return metric_; }
  const simd::Kernels& kernels() const noexcept { return *kernels_; }

  void prepare(MatrixView queries, PreparedQueries& prepared) const { prepared.prepare(queries, *kernels_); }

  // scores[q * stride + i] = score of query q and key ids[i]; ids must be < keys().rows(). `rows` is scratch.
  void score(const PreparedQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows, float* scores,
             std::size_t stride) const;

  // The same for the consecutive keys [begin, begin + count).
  void score_range(const PreparedQueries& queries, std::size_t begin, std::size_t count, std::vector<const void*>& rows,
                   float* scores, std::size_t stride) const;

 private:
  SplitRows keys_;
  Metric metric_;
  const simd::Kernels* kernels_;
  simd::ScoreRows score_;
};

}  // namespace rattan
