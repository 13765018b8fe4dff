#include "query_evidence.h"

#include <algorithm>
#include <iterator>

#include "core/half.h"

namespace rattan::llama {

QueryEvidence::QueryEvidence(std::size_t query_heads, std::size_t key_dim, std::size_t most_rows)
    : query_heads_(query_heads), key_dim_(key_dim), most_rows_(most_rows) {}

void QueryEvidence::add(std::size_t first, std::size_t tokens, const float* queries) {
  if (most_rows_ == 0) return;
  const std::size_t width = query_heads_ * key_dim_;
  rows_.reserve((most_rows_ + 1) * width);
  for (std::size_t i = 0; i < tokens; ++i) {
    const auto position = static_cast<std::int64_t>(first + i);
    if ((first + i) % step_ != 0 || (!positions_.empty() && position <= positions_.back())) continue;
    positions_.push_back(position);
    std::transform(queries + i * width, queries + (i + 1) * width, std::back_inserter(rows_), to_bf16);
    if (positions_.size() > most_rows_) thin();
  }
}

void QueryEvidence::cut(std::size_t tokens) {
  const auto end = std::lower_bound(positions_.begin(), positions_.end(), static_cast<std::int64_t>(tokens));
  positions_.erase(end, positions_.end());
  rows_.resize(positions_.size() * query_heads_ * key_dim_);
}

std::vector<MatrixView> QueryEvidence::matrices() const {
  const std::size_t width = query_heads_ * key_dim_;
  std::vector<MatrixView> heads;
  for (std::size_t head = 0; head < query_heads_; ++head) {
    heads.emplace_back(rows_.data() + head * key_dim_, DType::bf16, positions_.size(), key_dim_, width);
  }
  return heads;
}

void QueryEvidence::thin() {
  const std::size_t width = query_heads_ * key_dim_;
  step_ *= 2;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    if (static_cast<std::size_t>(positions_[i]) % step_ != 0) continue;
    positions_[kept] = positions_[i];
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                rows_.begin() + static_cast<std::ptrdiff_t>(kept * width));
    ++kept;
  }
  positions_.resize(kept);
  rows_.resize(kept * width);
}

}  // namespace rattan::llama
