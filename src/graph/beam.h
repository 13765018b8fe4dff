// The best keys of one query row during a walk, sorted, with the place of the best one not expanded yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "core/top_k.h"

namespace rattan {

class Beam {
 public:
  void reset(std::size_t width) {
    width_ = width;
    cursor_ = 0;
    kept_.clear();
    kept_.reserve(width + 1);
  }

  // Scores below this cannot enter.
  float threshold() const noexcept {
    return kept_.size() < width_ ? -std::numeric_limits<float>::infinity() : kept_.back().score;
  }

  // `id` must not be in the beam.
  void insert(float score, KeyId id) {
    const Neighbor added{score, id};
    if (kept_.size() == width_) {
      if (!better(added, kept_.back())) return;
      kept_.pop_back();
    }
    const auto place = std::upper_bound(kept_.begin(), kept_.end(), added, better);
    cursor_ = std::min(cursor_, static_cast<std::size_t>(place - kept_.begin()));
    kept_.insert(place, added);
  }

  // The best key for which `expanded` is false, or no_key. Keys once reported as expanded must stay so.
  template <typename Expanded>
  KeyId next(const Expanded& expanded) {
    while (cursor_ < kept_.size() && expanded(kept_[cursor_].id)) ++cursor_;
    return cursor_ < kept_.size() ? kept_[cursor_].id : no_key;
  }

  std::span<const Neighbor> sorted() const noexcept { return kept_; }

 private:
  std::size_t width_ = 0;
  std::size_t cursor_ = 0;  // every entry before it is expanded
  std::vector<Neighbor> kept_;
};

}  // namespace rattan
