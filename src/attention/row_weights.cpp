#include "attention/row_weights.h"

#include <algorithm>
#include <cmath>

#include "simd/kernels.h"

namespace rattan {
namespace {

float log_weight(const RowWeights& weights, double sum) noexcept {
  return static_cast<float>(log_sum(weights.scale * static_cast<double>(weights.top), sum));
}

}  // namespace

float RowWeights::lse() const noexcept { return log_weight(*this, retrieved_sum + unread_sum); }
float RowWeights::retrieved_lse() const noexcept { return log_weight(*this, retrieved_sum); }
float RowWeights::unread_lse() const noexcept { return log_weight(*this, unread_sum); }

float RowWeights::uncertainty_lse() const noexcept {
  if (!(unread_variance > 0)) return log_of_nothing;
  return static_cast<float>(scale * static_cast<double>(top) + 0.5 * std::log(unread_variance));
}

void RowWeights::weigh(std::span<const float> scores) {
  retrieved.resize(scores.size());
  retrieved_sum = 0;
  if (top == log_of_nothing) {
    std::ranges::fill(retrieved, 0.0F);
    return;
  }
  retrieved_sum = static_cast<double>(
      simd::kernels().exp_weights(scores.data(), scores.size(), static_cast<float>(scale), top, retrieved.data()));
}

void weigh_retrieved(const Retrieved& retrieved, double scale, RowWeights& weights) {
  const Retrieved keys = checked(retrieved, no_key);
  weights.scale = scale;
  weights.top = simd::kernels().largest(keys.scores.data(), keys.scores.size());
  weights.unread_sum = weights.unread_variance = 0;
  weights.clusters.assign(keys.ids.size(), no_key);
  weights.unread.clear();
  weights.masses.clear();
  weights.weigh(keys.scores);
}

}  // namespace rattan
