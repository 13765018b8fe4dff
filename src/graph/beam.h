// The best keys of one query row during a walk, sorted, with the place of the best one not expanded yet.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/top_k.h"

namespace rattan {

// A neighbor as one integer in the order of `better`: a larger number is the better neighbor. One comparison without a
// branch; a walk inserts thousands of keys at places no predictor guesses. The score must not be NaN.
constexpr std::uint64_t pack(const Neighbor& neighbor) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(neighbor.score + 0.0F);  // -0 and 0 are the same score
  const std::uint32_t ordered = bits ^ ((bits >> 31) != 0 ? 0xffffffffU : 0x80000000U);
  return (std::uint64_t{ordered} << 32) | static_cast<std::uint32_t>(~neighbor.id);
}

constexpr Neighbor unpack(std::uint64_t packed) noexcept {
  const auto ordered = static_cast<std::uint32_t>(packed >> 32);
  const std::uint32_t bits = ordered ^ ((ordered >> 31) != 0 ? 0x80000000U : 0xffffffffU);
  return {std::bit_cast<float>(bits), static_cast<KeyId>(~static_cast<std::uint32_t>(packed))};
}

class Beam {
 public:
  // width >= 1.
  void reset(std::size_t width) {
    width_ = width;
    cursor_ = 0;
    kept_.clear();
    kept_.reserve(width + 1);
  }

  std::size_t size() const noexcept { return kept_.size(); }

  // The i-th best; i < size().
  Neighbor operator[](std::size_t i) const noexcept { return unpack(kept_[i]); }

  // Scores below this cannot enter.
  float threshold() const noexcept {
    return kept_.size() < width_ ? -std::numeric_limits<float>::infinity() : unpack(kept_.back()).score;
  }

  // `id` must not be in the beam.
  void insert(float score, KeyId id) {
    const std::uint64_t added = pack({score, id});
    if (kept_.size() == width_) {
      if (added < kept_.back()) return;
      kept_.pop_back();
    }
    const std::size_t place = count_better(added);
    cursor_ = std::min(cursor_, place);
    kept_.insert(kept_.begin() + static_cast<std::ptrdiff_t>(place), added);
  }

  // Steps over the key that next() has just named; it must count as expanded from now on.
  void skip() noexcept { ++cursor_; }

  // The key that next() would name if nothing better came: worth a prefetch. no_key if there is none.
  KeyId peek() const noexcept { return cursor_ < kept_.size() ? unpack(kept_[cursor_]).id : no_key; }

  // The best key for which `expanded` is false, or no_key. Keys once reported as expanded must stay so.
  template <typename Expanded>
  KeyId next(const Expanded& expanded) {
    while (cursor_ < kept_.size() && expanded(unpack(kept_[cursor_]).id)) ++cursor_;
    return peek();
  }

 private:
  // Binary search whose steps are additions, not jumps.
  std::size_t count_better(std::uint64_t added) const noexcept {
    const std::uint64_t* first = kept_.data();
    for (std::size_t remaining = kept_.size(); remaining != 0;) {
      const std::size_t half = remaining - remaining / 2;
      first += half & (std::size_t{0} - static_cast<std::size_t>(first[half - 1] > added));
      remaining /= 2;
    }
    return static_cast<std::size_t>(first - kept_.data());
  }

  std::size_t width_ = 0;
  std::size_t cursor_ = 0;  // every entry before it is expanded
  std::vector<std::uint64_t> kept_;
};

}  // namespace rattan
