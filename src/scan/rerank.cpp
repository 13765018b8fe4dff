#include "scan/rerank.h"

#include <algorithm>

#include "core/aligned.h"

namespace rattan {

void Rerank::start(const Scorer& scorer) {
  scorer_ = &scorer;
  added_.reset(scorer.keys().rows);
  keys_.clear();
}

void Rerank::add(KeyId key) {
  if (added_.set(key)) return;
  keys_.push_back(key);
  const auto* row = static_cast<const std::byte*>(scorer_->keys().row(key));
  for (std::size_t at = 0; at < scorer_->keys().row_bytes(); at += cache_line) __builtin_prefetch(row + at);
}

void Rerank::add_kept(const BucketBeam& beam, std::size_t wanted) {
  kept_.clear();
  beam.each_kept([&](const Neighbor& neighbor) { kept_.push_back(neighbor); });
  if (kept_.size() > 2 * wanted) {
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(wanted), kept_.end(), better);
    kept_.resize(wanted);
  }
  for (const Neighbor& neighbor : kept_) add(neighbor.id);
}

std::size_t Rerank::finish(const PreparedQueries& queries, std::uint32_t k, std::vector<TopK>& results) {
  const std::size_t count = keys_.size();
  scores_.resize(queries.count() * count);
  scorer_->score(queries, keys_, rows_, scores_.data(), count);
  results.resize(queries.count());
  for (std::size_t row = 0; row < queries.count(); ++row) {
    TopK& best = results[row];
    best.reset(k);
    const float* scores = scores_.data() + row * count;
    for (std::size_t i = 0; i < count; ++i) {
      if (scores[i] >= best.threshold()) best.push(scores[i], keys_[i]);  // false for NaN
    }
  }
  return count;
}

}  // namespace rattan
