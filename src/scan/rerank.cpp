#include "scan/rerank.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"

namespace rattan {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Scores that are looked at between two rises of the threshold.
constexpr std::size_t keep_step = 128;

}  // namespace

void Rerank::reserve(std::size_t keys, std::size_t rows, std::size_t wanted, std::size_t entries) {
  const std::size_t offered = 2 * wanted * rows;  // see add_kept
  const std::size_t added = std::min(offered, keys);
  added_.reserve(keys);
  keys_.reserve(std::min(offered, 2 * keys));  // those of a row are appended before it is known which are new
  kept_.reserve(std::max(entries, added));
  positions_.reserve(keep_step);
  rows_.reserve(added);
  scores_.reserve(rows * added);
  buckets_.reserve(added);
}

void Rerank::start(const Scorer& scorer) {
  scorer_ = &scorer;
  added_.reset(scorer.keys().rows());
  keys_.clear();
}

void Rerank::add(KeyId key) {
  if (added_.set(key)) return;
  keys_.push_back(key);
  ask(key);
}

void Rerank::ask(KeyId key) const {
  const auto* row = static_cast<const std::byte*>(scorer_->keys().row(key));
  for (std::size_t at = 0; at < scorer_->keys().row_bytes(); at += cache_line) __builtin_prefetch(row + at, 0, 2);
}

void Rerank::add_kept(const BucketBeam& beam, std::size_t wanted) {
  beam.copy_kept(kept_);
  if (kept_.size() > 2 * wanted) {
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(wanted), kept_.end(), better);
    kept_.resize(wanted);
  }
  // Whether another row added a key is a guess as well.
  const std::size_t before = keys_.size();
  keys_.resize(before + kept_.size());
  std::size_t count = before;
  for (const Neighbor& neighbor : kept_) {
    keys_[count] = neighbor.id;
    count += static_cast<std::size_t>(!added_.set(neighbor.id));
  }
  keys_.resize(count);
  for (std::size_t i = before; i < count; ++i) ask(keys_[i]);
}

// Most keys are near the threshold, where a selection guesses wrong: buckets leave it little more than k.
void Rerank::keep_best(std::span<const float> scores, std::uint32_t k, TopK& best) {
  float lowest = infinity;
  float highest = -infinity;
  for (const float score : scores) {
    lowest = score < lowest ? score : lowest;  // false for NaN
    highest = score > highest ? score : highest;
  }
  if (!(lowest <= highest)) return;
  buckets_.reset(k, lowest, highest);
  positions_.resize(keep_step);
  for (std::size_t first = 0; first < scores.size(); first += keep_step) {
    const std::size_t count = std::min(keep_step, scores.size() - first);
    const std::size_t kept =
        scorer_->kernels().select_above(scores.data() + first, count, buckets_.threshold(), positions_.data());
    for (std::size_t i = 0; i < kept; ++i) {
      const std::size_t at = first + positions_[i];
      buckets_.add(scores[at], keys_[at]);
    }
    buckets_.settle();
  }
  buckets_.copy_kept(kept_);
  for (const Neighbor& neighbor : kept_) best.push(neighbor.score, neighbor.id);
}

std::size_t Rerank::finish(const PreparedQueries& queries, std::uint32_t k, std::vector<TopK>& results) {
  const std::size_t count = keys_.size();
  scores_.resize(queries.count() * count);
  scorer_->score(queries, keys_, rows_, scores_.data(), count);
  results.resize(queries.count());
  for (std::size_t row = 0; row < queries.count(); ++row) {
    results[row].reset(k);
    if (k != 0 && count != 0) keep_best({scores_.data() + row * count, count}, k, results[row]);
  }
  return count;
}

}  // namespace rattan
