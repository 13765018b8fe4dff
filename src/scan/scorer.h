// Keys + prepared queries -> scores for ids: how search code calls kernels. It counts nothing; who asks counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/split_rows.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan {

// Query rows in the form the kernel of (metric, key dtype) wants: fp32, or bf16 where the CPU
// multiplies it natively. Reusable: prepare() allocates only when it grows.
class PreparedQueries {
 public:
  // queries: [rows, d] in any dtype.
  void prepare(MatrixView queries, Metric metric, DType key_dtype, const simd::Kernels& kernels);

  const void* data() const noexcept { return data_; }
  std::size_t count() const noexcept { return count_; }
  // Query `i` alone, in prepared form.
  const void* row(std::size_t i) const noexcept;

 private:
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
  const void* data_ = nullptr;
  std::size_t count_ = 0;
  std::size_t row_bytes_ = 0;
};

class Scorer {
 public:
  Scorer(SplitRows keys, Metric metric) : Scorer(keys, metric, simd::kernels()) {}
  Scorer(SplitRows keys, Metric metric, const simd::Kernels& kernels) noexcept
      : keys_(keys), metric_(metric), kernels_(&kernels), score_(kernels.score(metric, keys.dtype())) {}

  const SplitRows& keys() const noexcept { return keys_; }
  Metric metric() const noexcept { return metric_; }
  const simd::Kernels& kernels() const noexcept { return *kernels_; }

  void prepare(MatrixView queries, PreparedQueries& prepared) const {
    prepared.prepare(queries, metric_, keys_.dtype(), *kernels_);
  }

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
