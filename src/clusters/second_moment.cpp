#include "clusters/second_moment.h"

#include <algorithm>

#include "core/check.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t block = 256;

}  // namespace

SecondMoment::SecondMoment(std::size_t dim)
    : dim_(dim), rows_(block * dim), columns_(block * dim), products_(dim * dim), total_(dim * dim) {}

void SecondMoment::add(std::span<const float> row) {
  if (row.size() != dim_) fail(ErrorCode::invalid_argument, "row has dim ", row.size(), ", others have ", dim_);
  std::ranges::copy(row, rows_.begin() + static_cast<std::ptrdiff_t>(filled_ * dim_));
  for (std::size_t c = 0; c < dim_; ++c) columns_[c * block + filled_] = row[c];
  ++count_;
  if (++filled_ == block) flush();
}

void SecondMoment::flush() {
  std::vector<const void*> rows(filled_);
  for (std::size_t i = 0; i < filled_; ++i) rows[i] = rows_.data() + i * dim_;
  std::fill(products_.begin(), products_.end(), 0.0F);
  const auto add = simd::kernels().add_weighted(DType::f32);
  add(columns_.data(), dim_, block, rows.data(), filled_, dim_, products_.data());
  for (std::size_t i = 0; i < total_.size(); ++i) total_[i] += static_cast<double>(products_[i]);
  filled_ = 0;
}

std::vector<double> SecondMoment::mean() {
  flush();
  std::vector<double> mean(total_);
  for (double& x : mean) x /= static_cast<double>(std::max<std::size_t>(count_, 1));
  return mean;
}

}  // namespace rattan
