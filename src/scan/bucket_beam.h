// The best keys of one query row during a search by codes, in buckets of equal width over the range of the scores.
//
// A walk inserts thousands of keys at places no predictor guesses; a sorted beam moves a kilobyte for each (40 % of the
// walk's time with 260 keys a beam), and selecting the best of a buffer guesses as often. Scores of codes are
// approximate anyway, so their order within a bucket may be arbitrary: an insertion is a few stores, the threshold and
// the best open key are bucket numbers that only creep.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/top_k.h"

namespace rattan {

class BucketBeam {
 public:
  // Scores lie in [lowest, highest]; those outside count as the nearest end. At least `width` >= 1 keys are kept once
  // so many came; ties of the last bucket stay too.
  void reset(std::size_t width, float lowest, float highest) {
    width_ = width;
    lowest_ = lowest;
    // A range that is 0, beyond fp32 or so small that its inverse is: one bucket, and the threshold never rises.
    const float range = highest - lowest;
    const float per_score = static_cast<float>(buckets) / range;
    const bool divisible = range > 0 && std::isfinite(range) && std::isfinite(per_score);
    buckets_per_score_ = divisible ? per_score : 0.0F;
    score_per_bucket_ = divisible ? range / static_cast<float>(buckets) : 0.0F;
    counts_.fill(0);
    open_.fill(0);
    first_open_.fill(none);
    entries_.clear();
    kept_ = 0;
    last_ = 0;
    best_open_ = 0;
    threshold_ = -std::numeric_limits<float>::infinity();
  }

  // Room for `entries` insertions: as many allocate nothing.
  void reserve(std::size_t entries) { entries_.reserve(entries); }

  // Scores below this cannot enter.
  float threshold() const noexcept { return threshold_; }

  // `id` must not have been inserted before; the score must not be NaN.
  void insert(float score, KeyId id) {
    add(score, id);
    settle();
  }

  // insert() in two halves, for many keys at once: how far the threshold rises for one key is a guess to the branch
  // predictor, for all of them together it is one. Before settle() nothing may be asked.
  void add(float score, KeyId id) {
    const std::uint32_t bucket = bucket_of(score);
    if (bucket < last_) return;
    entries_.push_back({{score, id}, first_open_[bucket]});
    first_open_[bucket] = static_cast<std::uint32_t>(entries_.size() - 1);
    open_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
    best_open_ = std::max(best_open_, bucket);
    ++counts_[bucket];
    ++kept_;
  }
  void settle() noexcept {
    if (kept_ >= width_) raise_threshold();
  }

  // Takes the best key that was not taken yet, or no_key if none is left among the kept ones.
  KeyId take_best() noexcept {
    if (!find_best_open()) return no_key;
    const Entry& entry = entries_[first_open_[best_open_]];
    first_open_[best_open_] = entry.next;
    open_[best_open_ / 64] &= ~(static_cast<std::uint64_t>(entry.next == none) << (best_open_ % 64));
    return entry.neighbor.id;
  }

  // The kept keys in order of insertion, into `kept`, which grows as needed. Whether an entry was overtaken is a guess
  // to the branch predictor: every one is stored, the count moves for those that were not.
  void copy_kept(std::vector<Neighbor>& kept) const {
    kept.resize(entries_.size());
    std::size_t count = 0;
    for (const Entry& entry : entries_) {
      kept[count] = entry.neighbor;
      count += static_cast<std::size_t>(bucket_of(entry.neighbor.score) >= last_);
    }
    kept.resize(count);
  }

  // Inserts what `other`, which has the same width and range, keeps. The kept keys are then those of one beam that saw
  // everything that both saw, in whatever order.
  void merge(const BucketBeam& other) {
    other.each_kept([&](const Neighbor& neighbor) { add(neighbor.score, neighbor.id); });
    settle();
  }

  // Calls visit(Neighbor) for every kept key, in order of insertion.
  template <typename Visit>
  void each_kept(const Visit& visit) const {
    for (const Entry& entry : entries_) {
      if (bucket_of(entry.neighbor.score) >= last_) visit(entry.neighbor);
    }
  }

 private:
  // Fine enough: the keys a beam keeps lie in the top few per cent of the range, some hundred buckets.
  static constexpr std::uint32_t buckets = 4096;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Entry {
    Neighbor neighbor;
    std::uint32_t next;  // entry of the same bucket that was inserted before and is still open
  };

  std::uint32_t bucket_of(float score) const noexcept {
    const float place = (score - lowest_) * buckets_per_score_;
    return static_cast<std::uint32_t>(std::clamp(place, 0.0F, static_cast<float>(buckets - 1)));
  }

  // The last bucket goes as long as the better ones hold `width_` keys.
  void raise_threshold() noexcept {
    while (kept_ - counts_[last_] >= width_) {
      kept_ -= counts_[last_];
      ++last_;
    }
    // One bucket lower: rounding must not turn away a key of the last bucket.
    threshold_ = lowest_ + score_per_bucket_ * (static_cast<float>(last_) - 1.0F);
  }

  bool find_best_open() noexcept {
    std::uint32_t word = best_open_ / 64;
    std::uint64_t bits = open_[word] & (~std::uint64_t{0} >> (63 - best_open_ % 64));
    while (bits == 0 && word > last_ / 64) bits = open_[--word];
    if (bits == 0) return false;
    best_open_ = word * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(bits));
    return best_open_ >= last_;
  }

  std::size_t width_ = 0;
  float lowest_ = 0;
  float buckets_per_score_ = 0;
  float score_per_bucket_ = 0;
  float threshold_ = 0;
  std::size_t kept_ = 0;         // keys in buckets from last_ on
  std::uint32_t last_ = 0;       // the lowest bucket that is kept
  std::uint32_t best_open_ = 0;  // no open bucket lies above it
  std::array<std::uint32_t, buckets> counts_ = {};
  std::array<std::uint64_t, buckets / 64> open_ = {};   // buckets with a key that was not taken
  std::array<std::uint32_t, buckets> first_open_ = {};  // the latest such entry, or none
  std::vector<Entry> entries_;
};

}  // namespace rattan
