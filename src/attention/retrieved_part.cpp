#include "attention/retrieved_part.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "attention/found_keys.h"
#include "attention/running_softmax.h"
#include "core/check.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr float nothing = -std::numeric_limits<float>::infinity();

// The lightest clusters that hold less than this share of the softmax together: their values are not read.
constexpr double negligible_share = 1e-4;

template <typename T>
void grow(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

// log(mean of exp(x)) of numbers below `bound` with the given mean and variance, as if their distances to the bound
// were distributed exponentially around the mean: mean + variance / 2 for a small variance, as for a Gaussian, but
// never above the bound. In units of scores, of which `scale` makes logits.
float mean_weight(float mean, float variance, float bound, float scale) {
  const float gap = bound - mean;
  if (!(gap > 0)) return bound;
  return bound - gap * (gap / (gap + 0.5F * scale * variance));
}

}  // namespace

UnreadEstimate::UnreadEstimate(MatrixView queries, std::span<const KeyClusters* const> clusters, double scale,
                               EstimateScratch& scratch)
    : clusters_(clusters), scale_(scale), scratch_(scratch) {
  check_scale(scale);
  check_range<std::size_t>("rows of queries", queries.rows, 1, simd::max_group);
  for (const KeyClusters* block : clusters) count_ += block->clusters();
  scratch.scores.resize(queries.rows * count_);
  grow(scratch.variances, queries.rows * clusters.size());
  std::size_t first = 0;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (clusters[i]->clusters() != 0) score_block(queries, *clusters[i], i, first);
    first += clusters[i]->clusters();
  }
}

// Scores of the centroids, and q^T covariance q of every row.
void UnreadEstimate::score_block(MatrixView queries, const KeyClusters& block, std::size_t index, std::size_t first) {
  const std::size_t dim = block.centroids().cols;
  if (queries.cols != dim) {
    fail(ErrorCode::invalid_argument, "queries have dim ", queries.cols, ", clusters have dim ", dim);
  }
  const Scorer centroids(block.centroids(), Metric::inner_product);
  centroids.prepare(queries, scratch_.queries);
  centroids.score_range(scratch_.queries, 0, block.clusters(), scratch_.rows, scratch_.scores.data() + first, count_);

  grow(scratch_.products, queries.rows * dim);
  const Scorer covariance(block.covariance(), Metric::inner_product);
  covariance.prepare(queries, scratch_.queries);
  covariance.score_range(scratch_.queries, 0, dim, scratch_.rows, scratch_.products.data(), dim);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    const auto* query = static_cast<const float*>(scratch_.queries.row(row));
    float variance = 0;
    for (std::size_t j = 0; j < dim; ++j) variance += query[j] * scratch_.products[row * dim + j];
    scratch_.variances[row * clusters_.size() + index] = std::max(variance, 0.0F);
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

// Counts and variances of whole clusters.
void UnreadEstimate::lay_out_clusters(std::size_t row) const {
  grow(scratch_.counts, count_);
  grow(scratch_.spreads, count_);
  std::size_t at = 0;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    const float variance = scratch_.variances[row * clusters_.size() + i];
    for (std::size_t c = 0; c < clusters_[i]->clusters(); ++c, ++at) {
      scratch_.counts[at] = clusters_[i]->counts()[c];
      scratch_.spreads[at] = clusters_[i]->spreads()[c] * variance;
    }
  }
}

// Takes the retrieved keys' number, and scores about the centroid's, out of their clusters.
void UnreadEstimate::take_out(const float* scores, const Retrieved& retrieved) const {
  scratch_.unread.assign(scratch_.counts.begin(), scratch_.counts.begin() + static_cast<std::ptrdiff_t>(count_));
  scratch_.sums.assign(count_, 0.0F);
  scratch_.squares.assign(count_, 0.0F);
  for (std::size_t i = 0; i < retrieved.ids.size(); ++i) {
    const std::uint32_t cluster = cluster_of(retrieved.ids[i]);
    scratch_.clusters[i] = cluster;
    if (cluster == no_key || retrieved.scores[i] == nothing) continue;
    const float above = retrieved.scores[i] - scores[cluster];
    scratch_.unread[cluster] = std::max(scratch_.unread[cluster] - 1, 0.0F);
    scratch_.sums[cluster] += above;
    scratch_.squares[cluster] += above * above;
  }
}

// The worst retrieved score; where nothing is retrieved, what the best key may score: three deviations from a centroid.
float UnreadEstimate::bound(const float* scores, std::span<const float> retrieved) const {
  if (!retrieved.empty()) return std::ranges::min(retrieved);
  float best = nothing;
  for (std::size_t c = 0; c < count_; ++c) best = std::max(best, scores[c] + 3 * std::sqrt(scratch_.spreads[c]));
  return best;
}

// Fills scratch: unread, weights and masses by cluster, found by retrieved key.
UnreadEstimate::Weights UnreadEstimate::weigh(std::size_t row, const Retrieved& retrieved, std::size_t keys) const {
  const simd::Kernels& kernels = simd::kernels();
  Weights weights;
  weights.found = check_found(retrieved.ids, retrieved.scores, keys);
  const Retrieved found{retrieved.ids.first(weights.found), retrieved.scores.first(weights.found)};
  grow(scratch_.weights, count_);
  grow(scratch_.masses, count_);
  grow(scratch_.noise, count_);
  grow(scratch_.found, weights.found);
  grow(scratch_.clusters, weights.found);

  const auto scale = static_cast<float>(scale_);
  const float* scores = scratch_.scores.data() + row * count_;
  lay_out_clusters(row);
  take_out(scores, found);
  const float most = bound(scores, found.scores);
  for (std::size_t c = 0; c < count_; ++c) {
    const float left = scratch_.unread[c];
    if (left == 0) {
      scratch_.weights[c] = nothing;
      scratch_.noise[c] = 0;
      continue;
    }
    // Moments of the unread keys are those of the cluster less those of the retrieved.
    const float taken = scratch_.sums[c] / left;
    const float variance = (scratch_.counts[c] * scratch_.spreads[c] - scratch_.squares[c]) / left;
    const float unread_variance = std::max(variance - taken * taken, 0.0F);
    scratch_.noise[c] = scale * scale * unread_variance;
    scratch_.weights[c] = mean_weight(scores[c] - taken, unread_variance, most, scale);
  }
  weights.top = std::max(kernels.largest(scratch_.weights.data(), count_),
                         kernels.largest(retrieved.scores.data(), weights.found));
  if (weights.top == nothing) return weights;

  kernels.exp_weights(scratch_.weights.data(), count_, scale, weights.top, scratch_.weights.data());
  for (std::size_t c = 0; c < count_; ++c) {
    scratch_.masses[c] = scratch_.weights[c] * scratch_.unread[c];
    weights.unread_sum += static_cast<double>(scratch_.masses[c]);
    // exp(v) - 1 of a logarithmic normal, to second order: its tail is what the bound on scores cuts off.
    const float noise = scratch_.noise[c] * (1 + 0.5F * scratch_.noise[c]);
    weights.unread_variance += static_cast<double>(scratch_.masses[c] * scratch_.weights[c] * noise);
  }
  weights.found_sum = static_cast<double>(
      kernels.exp_weights(retrieved.scores.data(), weights.found, scale, weights.top, scratch_.found.data()));
  return weights;
}

// The mass below which clusters are left out of the output. Masses are sorted into powers of two, which one pass does.
float UnreadEstimate::negligible_mass(const Weights& weights) const {
  constexpr int mantissa_bits = 23;
  std::array<double, 256> by_exponent{};
  for (std::size_t c = 0; c < count_; ++c) {
    const float mass = scratch_.masses[c];
    by_exponent[std::bit_cast<std::uint32_t>(mass) >> mantissa_bits & 0xffU] += static_cast<double>(mass);
  }
  double left = negligible_share * (weights.found_sum + weights.unread_sum);
  std::uint32_t exponent = 0;
  while (exponent < 255 && by_exponent[exponent] <= left) left -= by_exponent[exponent++];
  return std::bit_cast<float>(exponent << mantissa_bits);
}

float UnreadEstimate::unread_lse(const Weights& weights) const {
  if (!(weights.unread_sum > 0)) return nothing;
  return static_cast<float>(scale_ * static_cast<double>(weights.top) + std::log(weights.unread_sum));
}

float UnreadEstimate::uncertainty(std::size_t row, const Retrieved& retrieved, std::size_t keys) const {
  const Weights weights = weigh(row, retrieved, keys);
  if (!(weights.unread_variance > 0)) return nothing;
  return static_cast<float>(scale_ * static_cast<double>(weights.top) + 0.5 * std::log(weights.unread_variance));
}

float UnreadEstimate::unread(std::size_t row, const Retrieved& retrieved, std::size_t keys) const {
  return unread_lse(weigh(row, retrieved, keys));
}

// The unread keys' sum of values is the cluster's less that of its retrieved keys: the estimated weight goes off the
// weights of those, so that every value is read once.
float UnreadEstimate::attend(std::size_t row, const Retrieved& retrieved, const SplitRows& values,
                             AttentionPart& part) const {
  check_parts({&part, 1}, 1, values.cols());
  const Weights weights = weigh(row, retrieved, values.rows());
  std::ranges::fill(part.output, 0.0F);
  part.lse = nothing;
  if (weights.top == nothing) return nothing;

  const float least = negligible_mass(weights);
  add_clusters(least, part.output);
  for (std::size_t i = 0; i < weights.found; ++i) {
    const std::uint32_t cluster = scratch_.clusters[i];
    if (cluster != no_key && scratch_.masses[cluster] >= least) scratch_.found[i] -= scratch_.weights[cluster];
  }
  grow(scratch_.rows, weights.found);
  for (std::size_t i = 0; i < weights.found; ++i) scratch_.rows[i] = values.row(retrieved.ids[i]);
  const auto add = simd::kernels().add_weighted[static_cast<std::size_t>(values.dtype())];
  add(scratch_.found.data(), 1, weights.found, scratch_.rows.data(), weights.found, values.cols(), part.output.data());

  const double sum = weights.found_sum + weights.unread_sum;
  const auto factor = static_cast<float>(1 / sum);
  for (float& x : part.output) x *= factor;
  part.lse = static_cast<float>(scale_ * static_cast<double>(weights.top) + std::log(sum));
  return unread_lse(weights);
}

// Adds the value sums of whole clusters, weighted, but for those of less mass than `least`.
void UnreadEstimate::add_clusters(float least, std::span<float> output) const {
  grow(scratch_.rows, count_);
  grow(scratch_.cluster_weights, count_);
  std::size_t first = 0;
  for (const KeyClusters* block : clusters_) {
    const MatrixView means = block->mean_values();
    std::size_t kept = 0;
    for (std::size_t c = 0; c < block->clusters(); ++c) {
      if (scratch_.masses[first + c] < least || scratch_.masses[first + c] == 0) continue;
      scratch_.cluster_weights[kept] = scratch_.weights[first + c] * scratch_.counts[first + c];
      scratch_.rows[kept++] = means.row(c);
    }
    const auto add = simd::kernels().add_weighted[static_cast<std::size_t>(means.dtype)];
    add(scratch_.cluster_weights.data(), 1, kept, scratch_.rows.data(), kept, output.size(), output.data());
    first += block->clusters();
  }
}

void attend_retrieved(MatrixView queries, SplitRows values, std::span<const Retrieved> retrieved,
                      std::span<const KeyClusters* const> clusters, double scale, std::span<AttentionPart> parts,
                      std::span<float> unread, EstimateScratch& scratch) {
  if (retrieved.size() != queries.rows || parts.size() != queries.rows || unread.size() != queries.rows) {
    fail(ErrorCode::invalid_argument, "retrieved, parts and unread have ", retrieved.size(), ", ", parts.size(),
         " and ", unread.size(), " entries, there are ", queries.rows, " query rows");
  }
  const UnreadEstimate tail(queries, clusters, scale, scratch);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    unread[row] = tail.attend(row, retrieved[row], values, parts[row]);
  }
}

}  // namespace rattan
