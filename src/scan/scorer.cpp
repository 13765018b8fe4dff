#include "scan/scorer.h"

namespace rattan {
namespace {

// rows[i] = the row of key id_of(i). Keys in one place, the rule, are not asked which.
template <typename IdOf>
void write_rows(const SplitRows& keys, std::size_t count, const IdOf& id_of, const void** rows) {
  if (keys.grown.rows == 0) {
    for (std::size_t i = 0; i < count; ++i) rows[i] = keys.base.row(id_of(i));
  } else {
    for (std::size_t i = 0; i < count; ++i) rows[i] = keys.row(id_of(i));
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
  write_rows(
      keys_, ids.size(), [&](std::size_t i) -> std::size_t { return ids[i]; }, rows.data());
  score_(queries.data(), queries.count(), rows.data(), rows.size(), keys_.cols(), scores, stride);
}

void Scorer::score_range(const PreparedQueries& queries, std::size_t begin, std::size_t count,
                         std::vector<const void*>& rows, float* scores, std::size_t stride) const {
  rows.resize(count);
  write_rows(
      keys_, count, [&](std::size_t i) { return begin + i; }, rows.data());
  score_(queries.data(), queries.count(), rows.data(), count, keys_.cols(), scores, stride);
}

}  // namespace rattan
