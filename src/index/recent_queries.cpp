#include "index/recent_queries.h"

#include <algorithm>

#include "simd/kernels.h"

namespace rattan {

void RecentQueries::add(const MatrixView& queries) {
  if (queries.rows == 0 || most_ == 0) return;
  const auto to_float = simd::kernels().widen(queries.dtype);
  const std::lock_guard lock(mutex_);
  rows_.reserve(most_ * dim_);
  added_ += queries.rows;
  for (std::size_t i = queries.rows - std::min(queries.rows, most_); i < queries.rows; ++i) {
    float* row = rows_.data() + oldest_ * dim_;
    if (rows_.size() < most_ * dim_) {
      rows_.resize(rows_.size() + dim_);
      row = rows_.data() + rows_.size() - dim_;
    } else {
      oldest_ = (oldest_ + 1) % most_;
    }
    to_float(queries.row(i), dim_, row);
  }
}

QueryRows RecentQueries::copy() const {
  QueryRows rows{{}, dim_};
  const std::lock_guard lock(mutex_);
  const auto oldest = rows_.begin() + static_cast<std::ptrdiff_t>(oldest_ * dim_);
  rows.values.reserve(rows_.size());
  rows.values.insert(rows.values.end(), oldest, rows_.end());
  rows.values.insert(rows.values.end(), rows_.begin(), oldest);
  rows.end = added_;
  return rows;
}

std::uint64_t RecentQueries::end() const {
  const std::lock_guard lock(mutex_);
  return added_;
}

void RecentQueries::forget(std::uint64_t end) noexcept {
  const std::lock_guard lock(mutex_);
  const std::uint64_t newer = (added_ - std::min(added_, end)) * dim_;
  if (newer >= rows_.size()) return;
  if (newer == 0) {
    std::vector<float>().swap(rows_);
  } else {
    std::rotate(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(oldest_ * dim_), rows_.end());
    rows_.erase(rows_.begin(), rows_.end() - static_cast<std::ptrdiff_t>(newer));
  }
  oldest_ = 0;
}

std::size_t RecentQueries::bytes(std::size_t added) const {
  const std::lock_guard lock(mutex_);
  return std::min(rows_.size() + added * dim_, most_ * dim_) * sizeof(float);
}

}  // namespace rattan
