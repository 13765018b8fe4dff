#include "scan/scorer.h"

#include "core/half.h"

namespace rattan {

void PreparedQueries::prepare(MatrixView queries, Metric metric, DType key_dtype, const simd::Kernels& kernels) {
  const std::size_t dim = queries.cols;
  count_ = queries.rows;
  floats_.resize(count_ * dim);
  const auto to_float = kernels.to_float[static_cast<std::size_t>(queries.dtype)];
  for (std::size_t i = 0; i < count_; ++i) to_float(queries.row(i), dim, floats_.data() + i * dim);
  if (!kernels.takes_bf16(metric, key_dtype)) {
    data_ = floats_.data();
    row_bytes_ = dim * sizeof(float);
    return;
  }
  halves_.resize(count_ * dim);
  for (std::size_t i = 0; i < count_ * dim; ++i) halves_[i] = to_bf16(floats_[i]);
  data_ = halves_.data();
  row_bytes_ = dim * sizeof(std::uint16_t);
}

const void* PreparedQueries::row(std::size_t i) const noexcept {
  return static_cast<const std::byte*>(data_) + i * row_bytes_;
}

void Scorer::score(const PreparedQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
                   float* scores, std::size_t stride) const {
  rows.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = keys_.row(ids[i]);
  score_(queries.data(), queries.count(), rows.data(), rows.size(), keys_.cols, scores, stride);
}

void Scorer::score_range(const PreparedQueries& queries, std::size_t begin, std::size_t count,
                         std::vector<const void*>& rows, float* scores, std::size_t stride) const {
  rows.resize(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = keys_.row(begin + i);
  score_(queries.data(), queries.count(), rows.data(), count, keys_.cols, scores, stride);
}

}  // namespace rattan
