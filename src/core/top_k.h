// The one bounded top-k selector. Order: higher score first, ties to the smaller id; total, so results never depend on
// the order of insertion. NaN scores must not be pushed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "rattan/types.h"

namespace rattan {

struct Neighbor {
  float score;
  KeyId id;

  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// An object, not a function: algorithms inline it.
struct Better {
  constexpr bool operator()(const Neighbor& a, const Neighbor& b) const noexcept {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
  }
};
inline constexpr Better better{};

// Keeps the k best of everything pushed. Survivors collect in a buffer of 2k slots that is cut back to k by a partial
// selection when full: amortised constant work per survivor, and a threshold that callers can compare against before
// they push.
class TopK {
 public:
  explicit TopK(std::size_t k = 0) { reset(k); }

  void reset(std::size_t k) {
    k_ = k;
    kept_.clear();
    kept_.reserve(2 * k);
    threshold_ = k == 0 ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity();
  }

  // Scores strictly below this can be skipped without a push. Never above the k-th best score seen.
  float threshold() const noexcept { return threshold_; }

  void push(float score, KeyId id) {
    if (k_ == 0 || score < threshold_) return;
    kept_.push_back({score, id});
    if (kept_.size() == 2 * k_) shrink();
  }

  // In no order; at most k. Further pushes may follow.
  std::span<const Neighbor> best() {
    if (kept_.size() > k_) shrink();
    return kept_;
  }

  // Sorted best first; at most k. Further pushes may follow.
  std::span<const Neighbor> sorted() {
    best();
    std::sort(kept_.begin(), kept_.end(), better);
    return kept_;
  }

 private:
  void shrink() {
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), kept_.end(), better);
    kept_.resize(k_);
    threshold_ = kept_.back().score;
  }

  std::size_t k_ = 0;
  float threshold_ = 0;
  std::vector<Neighbor> kept_;
};

// Copies sorted neighbours into a table row; the rest of the row becomes (no_key, -infinity).
inline void write_row(std::span<const Neighbor> sorted, std::span<KeyId> ids, std::span<float> scores) noexcept {
  const std::size_t count = std::min(sorted.size(), ids.size());
  for (std::size_t i = 0; i < count; ++i) {
    ids[i] = sorted[i].id;
    scores[i] = sorted[i].score;
  }
  std::fill(ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(), no_key);
  std::fill(scores.begin() + static_cast<std::ptrdiff_t>(count), scores.end(), -std::numeric_limits<float>::infinity());
}

}  // namespace rattan
