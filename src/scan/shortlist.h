// Candidates of one query row, known by tile scores that are off by at most `margin`. It never drops a key that could
// be among the k best by true score, and needs no true scores to do so.
//
// Beside core/top_k.h, because a selector that knows only approximate scores must keep near ties that TopK would cut,
// and because cutting with the vector filter takes a tenth of the time of a partial sort (measured: 14 % of the whole
// exact top-k at 32,768 keys against 1 to 2 %).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan {

class Shortlist {
 public:
  // Slots a row needs. Each cut raises the number of keys seen by the factor slots / k before the next one, so the work
  // of all cuts is least at e * k; the rest leaves room for near ties.
  static constexpr std::size_t capacity(std::size_t k) noexcept { return 3 * k + 64; }

  // k >= 1; `scores` and `ids` hold capacity(k) entries, `positions` (which lists may share) as many as scratch; all
  // outlive the use. An infinite margin makes the list overflow at once.
  void reset(std::span<float> scores, std::span<KeyId> ids, std::span<std::uint32_t> positions, std::size_t k,
             double margin, simd::SelectAbove select_above) noexcept;

  // Tile scores below this cannot be among the k best; +infinity once the list has overflowed.
  float filter() const noexcept { return filter_; }

  // True when more keys lie within the margin of the k-th than there are slots: then nothing is known and every key
  // must be scored.
  bool overflowed() const noexcept { return overflowed_; }

  // Adds (scores[p], ids[p]) for each p of `selected` whose score reaches filter(). No score is NaN.
  void add(std::span<const std::uint32_t> selected, const float* scores, const KeyId* ids) noexcept;

  // All keys that can be among the k best, in no particular order. Not after an overflow.
  std::span<const KeyId> candidates() noexcept;

 private:
  void cut() noexcept;
  float reached_by_k() noexcept;

  std::span<float> scores_;
  std::span<KeyId> ids_;
  std::span<std::uint32_t> positions_;
  simd::SelectAbove select_above_ = nullptr;
  std::size_t k_ = 0;
  std::size_t count_ = 0;
  double margin_ = 0;
  float filter_ = 0;
  bool overflowed_ = false;
};

}  // namespace rattan
