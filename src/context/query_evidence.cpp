#include "context/query_evidence.h"

#include <algorithm>

#include "core/half.h"
#include "simd/kernels.h"

namespace rattan {

void QueryEvidence::add(const HeadQueries& queries) {
  if (queries.rows() == 0 || most_ == 0) return;
  const auto to_float = simd::kernels().widen(queries.heads.front().dtype);
  std::vector<float> floats(dim_);
  const std::lock_guard lock(mutex_);
  heads_ = queries.heads.size();
  for (std::size_t i = 0; i < queries.rows(); ++i, ++count_) {
    if (count_ % step_ != 0) continue;
    if (positions_.size() == most_) {
      thin();
      if (count_ % step_ != 0) continue;
    }
    values_.resize((positions_.size() + 1) * row());
    std::uint16_t* to = values_.data() + positions_.size() * row();
    for (const MatrixView& head : queries.heads) {
      to_float(head.row(i), dim_, floats.data());
      to = std::transform(floats.begin(), floats.end(), to, to_bf16);
    }
    positions_.push_back(queries.position(i));
  }
}

void QueryEvidence::thin() {
  const std::size_t kept = (positions_.size() + 1) / 2;
  for (std::size_t i = 1; i < kept; ++i) {
    positions_[i] = positions_[2 * i];
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(2 * i * row()), row(),
                values_.begin() + static_cast<std::ptrdiff_t>(i * row()));
  }
  positions_.resize(kept);
  values_.resize(kept * row());
  step_ *= 2;
}

void QueryEvidence::truncate(std::int64_t position) {
  const std::lock_guard lock(mutex_);
  const auto gone = [&](std::int64_t there) { return there >= position; };
  const auto kept = static_cast<std::size_t>(std::ranges::find_if(positions_, gone) - positions_.begin());
  if (kept == positions_.size()) return;
  positions_.resize(kept);
  values_.resize(kept * row());
  count_ = kept * step_;
}

void QueryEvidence::forget() {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint16_t>().swap(values_);
  std::vector<std::int64_t>().swap(positions_);
  count_ = 0;
  step_ = 1;
}

QueryEvidence::Copy QueryEvidence::copy() const {
  Copy copy;
  const std::lock_guard lock(mutex_);
  copy.values = values_;
  copy.positions = positions_;
  for (std::size_t head = 0; head < heads_; ++head) {
    copy.heads.emplace_back(copy.values.data() + head * dim_, DType::bf16, positions_.size(), dim_, row());
  }
  return copy;
}

std::size_t QueryEvidence::rows() const {
  const std::lock_guard lock(mutex_);
  return positions_.size();
}

std::size_t QueryEvidence::bytes(std::size_t added) const {
  const std::lock_guard lock(mutex_);
  const std::size_t rows = positions_.size() * heads_ + added;
  const std::size_t most = heads_ == 0 && most_ != 0 ? rows : most_ * heads_;
  return std::min(rows, most) * dim_ * sizeof(std::uint16_t);
}

}  // namespace rattan
