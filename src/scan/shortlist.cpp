#include "scan/shortlist.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace rattan {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

float rounded_down(double value) noexcept { return std::nextafter(static_cast<float>(value), -infinity); }

// Floats as integers of the same order, and back. -0 comes just below +0, which compare equal: harmless here.
std::int64_t to_ordered(float value) noexcept {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits >= 0 ? bits : bits ^ 0x7fffffff;
}

float from_ordered(std::int64_t ordered) noexcept {
  const auto bits = static_cast<std::int32_t>(ordered);
  return std::bit_cast<float>(bits >= 0 ? bits : bits ^ 0x7fffffff);
}

}  // namespace

void Shortlist::reset(std::span<float> scores, std::span<KeyId> ids, std::span<std::uint32_t> positions, std::size_t k,
                      double margin, simd::SelectAbove select_above) noexcept {
  scores_ = scores;
  ids_ = ids;
  positions_ = positions;
  select_above_ = select_above;
  k_ = k;
  count_ = 0;
  margin_ = margin;
  overflowed_ = !std::isfinite(margin);
  filter_ = overflowed_ ? infinity : -infinity;
}

void Shortlist::add(std::span<const std::uint32_t> selected, const float* scores, const KeyId* ids) noexcept {
  if (overflowed_) return;
  for (const std::uint32_t position : selected) {
    if (scores[position] < filter_) continue;
    scores_[count_] = scores[position];
    ids_[count_] = ids[position];
    if (++count_ < scores_.size()) continue;
    cut();
    overflowed_ = count_ > scores_.size() - scores_.size() / 4;
    if (overflowed_) {
      filter_ = infinity;
      return;
    }
  }
}

std::span<const KeyId> Shortlist::candidates() noexcept {
  if (count_ > k_) cut();
  return ids_.first(count_);
}

// A score that k entries reach, less the margin, is a lower bound of the k-th best true score; a key whose tile score
// is another margin below that cannot reach it.
void Shortlist::cut() noexcept {
  filter_ = std::max(filter_, rounded_down(static_cast<double>(reached_by_k()) - 2 * margin_));
  const std::size_t kept = select_above_(scores_.data(), count_, filter_, positions_.data());
  for (std::size_t i = 0; i < kept; ++i) {
    scores_[i] = scores_[positions_[i]];
    ids_[i] = ids_[positions_[i]];
  }
  count_ = kept;
}

// A score that at least k entries reach and few more than k, or just k but for ties: bisection over all floats above
// the present filter, which every entry reaches.
float Shortlist::reached_by_k() noexcept {
  const std::size_t enough = k_ + k_ / 16;
  std::int64_t low = to_ordered(std::max(filter_, std::numeric_limits<float>::lowest()));
  std::int64_t high = to_ordered(infinity);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    const std::size_t reach = select_above_(scores_.data(), count_, from_ordered(middle), positions_.data());
    if (reach < k_) {
      high = middle;
      continue;
    }
    low = middle;
    if (reach <= enough) break;
  }
  return from_ordered(low);
}

}  // namespace rattan
