#include "attention/unread_estimate.h"

#include <algorithm>
#include <cmath>

#include "attention/running_softmax.h"
#include "core/check.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

// Of a variance of logits.
constexpr float most_noise = 1e18F;

// What is known of the scores of one cluster's keys, and of those that were retrieved.
struct ClusterScores {
  float centroid;
  float variance;  // of all keys
  float keys;      // their number
  float unread;
  float sum;     // of retrieved scores less the centroid's
  float square;  // of the same
};

struct UnreadScores {
  float mean;
  float variance;
};

// Moments of the unread keys are those of the cluster less those of the retrieved.
UnreadScores unread_scores(const ClusterScores& of) noexcept {
  const float taken = of.sum / of.unread;
  const float variance = (of.keys * of.variance - of.square) / of.unread;
  return {of.centroid - taken, std::max(variance - taken * taken, 0.0F)};
}

// log(mean of exp(x)) of numbers below `bound` with the given mean and variance, as if their distances to the bound
// were distributed exponentially around the mean: mean + variance / 2 for a small variance, as for a Gaussian, but
// never above the bound. In units of scores, of which `scale` makes logits.
float mean_weight(const UnreadScores& scores, float bound, float scale) noexcept {
  const float gap = bound - scores.mean;
  const float below = bound - gap * (gap / (gap + 0.5F * scale * scores.variance));
  return gap > 0 ? below : bound;
}

}  // namespace

void UnreadEstimate::prepare(MatrixView queries, std::span<const KeyClusters* const> clusters, const Logits& logits) {
  check_scale(logits.scale);
  check_range<std::size_t>("rows of queries", queries.rows, 1, no_key);
  clusters_ = clusters;
  scale_ = logits.scale;
  capped_ = logits.capped();
  count_ = 0;
  for (const KeyClusters* block : clusters) count_ += block->clusters();
  grow(scores_, queries.rows * count_);
  variances_.resize(queries.rows * clusters.size());
  std::size_t first = 0;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (clusters[i]->clusters() != 0) score_clusters(queries, i, first);
    first += clusters[i]->clusters();
  }
  if (capped_) {
    cap_moments(queries.rows, logits.score_cap);
  } else {
    slopes_.assign(count_, 1.0F);
  }
}

// The mean and variance of cap * tanh(score / cap) as of a Gaussian, by Gauss and Hermite's rule of three points: the
// mean and the square root of three deviations to either side, of weights 4, 1 and 1.
void UnreadEstimate::cap_moments(std::size_t rows, float cap) {
  const std::size_t size = rows * count_;
  cap_points_.resize(2 * size);
  slopes_.resize(size);
  float* const low = cap_points_.data();
  float* const high = low + size;
  for (std::size_t row = 0; row < rows; ++row) {
    each_block(row, [&](const KeyClusters& block, std::size_t first, float variance) {
      for (std::size_t c = 0; c < block.clusters(); ++c) {
        const std::size_t at = row * count_ + first + c;
        slopes_[at] = block.spreads()[c] * variance;
        const float distance = std::sqrt(3 * slopes_[at]);
        low[at] = scores_[at] - distance;
        high[at] = scores_[at] + distance;
      }
    });
  }
  simd::kernels().soft_cap(scores_.data(), size, cap);
  simd::kernels().soft_cap(low, 2 * size, cap);
  const auto square = [](float x) { return x * x; };
  for (std::size_t at = 0; at < size; ++at) {
    const float mean = (4 * scores_[at] + low[at] + high[at]) / 6;
    const float variance = (4 * square(scores_[at] - mean) + square(low[at] - mean) + square(high[at] - mean)) / 6;
    slopes_[at] = slopes_[at] > 0 ? variance / slopes_[at] : 0;
    scores_[at] = mean;
  }
}

// Scores of the centroids, and q^T covariance q of every row.
void UnreadEstimate::score_clusters(MatrixView queries, std::size_t block, std::size_t first) {
  const KeyClusters& clusters = *clusters_[block];
  const std::size_t dim = clusters.centroids().cols;
  if (queries.cols != dim) {
    fail(ErrorCode::invalid_argument, "queries have dim ", queries.cols, ", clusters have dim ", dim);
  }
  const Scorer centroids(clusters.centroids(), Metric::inner_product);
  centroids.prepare(queries, prepared_);
  centroids.score_range(prepared_, 0, clusters.clusters(), rows_, scores_.data() + first, count_);

  if (block != 0 && clusters.has_covariance_of(*clusters_[block - 1])) {
    for (std::size_t row = 0; row < queries.rows; ++row) {
      float* const variance = variances_.data() + row * clusters_.size() + block;
      *variance = *(variance - 1);
    }
    return;
  }
  products_.resize(queries.rows * dim);
  const Scorer covariance(clusters.covariance(), Metric::inner_product);
  covariance.prepare(queries, prepared_);
  covariance.score_range(prepared_, 0, dim, rows_, products_.data(), dim);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    const auto* query = static_cast<const float*>(prepared_.row(row));
    float variance = 0;
    for (std::size_t j = 0; j < dim; ++j) variance += query[j] * products_[row * dim + j];
    variances_[row * clusters_.size() + block] = std::max(variance, 0.0F);
  }
}

// Of every block: itself, its first cluster, and the variance of the row's scores of a cluster whose spread is 1.
template <typename Visit>
void UnreadEstimate::each_block(std::size_t row, const Visit& visit) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    visit(*clusters_[i], first, variances_[row * clusters_.size() + i]);
    first += clusters_[i]->clusters();
  }
}

std::uint32_t UnreadEstimate::cluster_of(KeyId id) const {
  std::uint32_t first = 0;
  for (const KeyClusters* block : clusters_) {
    if (block->ids().contains(id)) return first + block->cluster_of(id);
    first += static_cast<std::uint32_t>(block->clusters());
  }
  return no_key;
}

void UnreadEstimate::weigh(std::size_t row, const Retrieved& retrieved, RowWeights& weights) {
  const Retrieved keys = checked(retrieved, no_key);
  const simd::Kernels& kernels = simd::kernels();
  weights.scale = scale_;
  weights.clusters.resize(keys.ids.size());
  weights.unread.resize(count_);
  weights.masses.resize(count_);
  take_out(row, keys, weights.clusters);
  estimate_scores(row, bound(row, keys.scores), weights.unread);
  weights.top =
      std::max(kernels.largest(weights.unread.data(), count_), kernels.largest(keys.scores.data(), keys.scores.size()));
  sum_up(weights);
  weights.weigh(keys.scores);
}

// Takes the retrieved keys' number, and scores about the centroid's, out of their clusters, and says which these are. A
// score that no key of the cluster can have by its moments is one of an outlier, which they do not include.
void UnreadEstimate::take_out(std::size_t row, const Retrieved& keys, std::span<std::uint32_t> cluster_ids) {
  constexpr float most_deviations = 30;
  const float* const scores = scores_.data() + row * count_;
  unread_keys_.resize(count_);
  limits_.resize(count_);
  each_block(row, [&](const KeyClusters& block, std::size_t first, float variance) {
    std::ranges::copy(block.counts(), unread_keys_.begin() + static_cast<std::ptrdiff_t>(first));
    for (std::size_t c = 0; c < block.clusters(); ++c) {
      limits_[first + c] = most_deviations * most_deviations * block.spreads()[c] * variance;
    }
  });
  sums_.assign(count_, 0.0F);
  squares_.assign(count_, 0.0F);
  for (std::size_t i = 0; i < keys.ids.size(); ++i) {
    const std::uint32_t cluster = cluster_of(keys.ids[i]);
    cluster_ids[i] = cluster;
    if (cluster == no_key || keys.scores[i] == log_of_nothing) continue;
    const float above = keys.scores[i] - scores[cluster];
    unread_keys_[cluster] = std::max(unread_keys_[cluster] - 1, 0.0F);
    if (!(above * above <= limits_[cluster])) continue;
    sums_[cluster] += above;
    squares_[cluster] += above * above;
  }
}

// The worst retrieved score; where nothing is retrieved, what the best key may score: three deviations from a centroid.
float UnreadEstimate::bound(std::size_t row, std::span<const float> retrieved) const {
  if (!retrieved.empty()) return std::ranges::min(retrieved);
  float best = log_of_nothing;
  const float* scores = scores_.data() + row * count_;
  each_block(row, [&](const KeyClusters& block, std::size_t first, float variance) {
    for (std::size_t c = 0; c < block.clusters(); ++c) {
      const float of_cluster = block.spreads()[c] * variance * slopes(row)[first + c];
      best = std::max(best, scores[first + c] + 3 * std::sqrt(of_cluster));
    }
  });
  return best;
}

// The score by which each cluster's unread keys weigh on average; -infinity where it has none.
void UnreadEstimate::estimate_scores(std::size_t row, float bound, std::span<float> unread) {
  noise_.resize(count_);
  const auto scale = static_cast<float>(scale_);
  each_block(row, [&](const KeyClusters& block, std::size_t first, float variance) {
    const float* centroids = scores_.data() + row * count_ + first;
    const float* counts = block.counts().data();
    const float* spreads = block.spreads().data();
    const float* slopes = this->slopes(row) + first;
    // Without a branch, for several clusters at once.
    for (std::size_t c = 0; c < block.clusters(); ++c) {
      const float keys = unread_keys_[first + c];
      const UnreadScores scores = unread_scores({.centroid = centroids[c],
                                                 .variance = spreads[c] * variance * slopes[c],
                                                 .keys = counts[c],
                                                 .unread = keys,
                                                 .sum = sums_[first + c],
                                                 .square = squares_[first + c]});
      const float score = mean_weight(scores, bound, scale);
      const float noise = scale * scale * scores.variance;
      unread[first + c] = keys == 0 ? log_of_nothing : score;  // NOLINT(bugprone-narrowing-conversions): -infinity
      noise_[first + c] = keys == 0 ? 0 : noise;
    }
  });
}

// Makes weights of the unread keys' scores, by weights.top.
void UnreadEstimate::sum_up(RowWeights& weights) const {
  weights.unread_sum = weights.unread_variance = 0;
  if (weights.top == log_of_nothing) {
    std::ranges::fill(weights.unread, 0.0F);
    std::ranges::fill(weights.masses, 0.0F);
    return;
  }
  float* const each = weights.unread.data();
  simd::kernels().exp_weights(each, count_, static_cast<float>(scale_), weights.top, each);
  for (std::size_t c = 0; c < count_; ++c) {
    weights.masses[c] = each[c] * unread_keys_[c];
    weights.unread_sum += static_cast<double>(weights.masses[c]);
    // exp(v) - 1 of a logarithmic normal, to second order: its tail is what the bound on scores cuts off.
    // Far above what makes an estimate worthless; the square of a larger one would be beyond its type.
    const double noise = static_cast<double>(std::min(noise_[c], most_noise));
    weights.unread_variance += static_cast<double>(weights.masses[c] * each[c]) * noise * (1 + 0.5 * noise);
  }
}

}  // namespace rattan
