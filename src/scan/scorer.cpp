#include "scan/scorer.h"

namespace rattan {
namespace {

// Keys in one place, the rule, are not asked which.
void write_rows(const SplitRows& keys, std::span<const KeyId> ids, const void** rows) {
  if (keys.pages == nullptr && keys.grown.rows == 0) {
    for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = keys.base.row(ids[i]);
  } else {
    for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = keys.row(ids[i]);
  }
}

}  // namespace

void PreparedQueries::prepare(MatrixView queries, const simd::Kernels& kernels) {
  count_ = queries.rows;
  dim_ = queries.cols;
  floats_.resize(count_ * dim_);
  const auto to_float = kernels.widen(queries.dtype);
  for (std::size_t i = 0; i < count_; ++i) to_float(queries.row(i), dim_, floats_.data() + i * dim_);
}

void Scorer::score(const PreparedQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
                   float* scores, std::size_t stride) const {
  rows.resize(ids.size());
  write_rows(keys_, ids, rows.data());
  score_(queries.data(), queries.count(), rows.data(), rows.size(), keys_.cols(), scores, stride);
}

void Scorer::score_range(const PreparedQueries& queries, std::size_t begin, std::size_t count,
                         std::vector<const void*>& rows, float* scores, std::size_t stride) const {
  rows.resize(count);
  keys_.write_addresses(begin, count, rows.data());
  score_(queries.data(), queries.count(), rows.data(), count, keys_.cols(), scores, stride);
}

}  // namespace rattan
