#include "attention/key_clusters.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "attention/k_means.h"
#include "attention/second_moment.h"
#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t keys_per_cluster = 16;
constexpr std::uint32_t most_clusters = 65536;  // ids have two bytes

// An estimate needs no more than half precision, and a decode step reads every centroid.
SharedMatrix store(std::span<const float> values, std::size_t cols) {
  constexpr float largest_half = 65504.0F;
  const std::size_t rows = values.size() / cols;
  const bool fits = std::all_of(values.begin(), values.end(), [](float x) { return std::abs(x) <= largest_half; });
  const auto memory = std::make_shared<AlignedVector<std::byte>>(values.size() * (fits ? 2 : 4));
  if (fits) {
    auto* halves = reinterpret_cast<std::uint16_t*>(memory->data());
    std::transform(values.begin(), values.end(), halves, to_f16);
  } else {
    std::copy(values.begin(), values.end(), reinterpret_cast<float*>(memory->data()));
  }
  return {{memory->data(), fits ? DType::f16 : DType::f32, rows, cols}, memory};
}

// Of evenly spaced keys; the covariance has far fewer numbers than these.
SharedMatrix covariance_within(MatrixView keys, std::span<const float> means, std::span<const std::uint32_t> nearest) {
  constexpr std::size_t sample = 8192;
  const std::size_t step = std::max<std::size_t>(1, keys.rows / sample);
  const auto to_float = simd::kernels().to_float[static_cast<std::size_t>(keys.dtype)];
  std::vector<float> row(keys.cols);
  SecondMoment moment(keys.cols);
  for (std::size_t i = 0; i < keys.rows; i += step) {
    to_float(keys.row(i), keys.cols, row.data());
    for (std::size_t j = 0; j < keys.cols; ++j) row[j] -= means[nearest[i] * keys.cols + j];
    moment.add(row);
  }
  const std::vector<double> mean = moment.mean();
  const auto memory = std::make_shared<AlignedVector<float>>(mean.begin(), mean.end());
  return {{memory->data(), DType::f32, keys.cols, keys.cols}, memory};
}

// Mean squared distance of each cluster's keys from their mean, over the mean of all keys'. Keys lie as much farther
// from the trained centroid as the mean does.
std::vector<float> relative_spreads(const Members& members, std::span<const float> distance,
                                    std::span<const float> trained, std::span<const float> means) {
  const std::size_t count = members.offsets.size() - 1;
  const std::size_t dim = means.size() / count;
  std::vector<double> spreads(count);
  double all = 0;
  for (std::size_t c = 0; c < count; ++c) {
    if (members.of(c).empty()) continue;
    double sum = 0;
    for (const std::uint32_t row : members.of(c)) sum += static_cast<double>(distance[row]);
    double offset = 0;
    for (std::size_t j = c * dim; j < (c + 1) * dim; ++j) {
      const double difference = static_cast<double>(trained[j]) - static_cast<double>(means[j]);
      offset += difference * difference;
    }
    const auto keys = static_cast<double>(members.of(c).size());
    spreads[c] = std::max(0.0, sum / keys - offset);
    all += spreads[c] * keys / static_cast<double>(members.rows.size());
  }
  std::vector<float> relative(count);
  for (std::size_t c = 0; c < count && all > 0; ++c) relative[c] = static_cast<float>(spreads[c] / all);
  return relative;
}

std::size_t bytes_of(const MatrixView& matrix) { return matrix.rows * matrix.row_bytes(); }

}  // namespace

void ClusterParams::validate() const {
  check_range<std::uint32_t>("clusters", clusters, 1, most_clusters);
  check_range<std::uint32_t>("iterations", iterations, 1, 1000);
}

KeyClusters::KeyClusters(MatrixView keys, MatrixView values, KeyId first_id, const ClusterParams& params)
    : first_id_(first_id) {
  params.validate();
  if (values.rows != keys.rows) {
    fail(ErrorCode::invalid_argument, "values have ", values.rows, " rows, keys have ", keys.rows);
  }
  check_range<std::size_t>("rows of keys", keys.rows, 0, no_key - std::size_t{first_id});
  if (keys.rows == 0) return;

  Executor& executor = executor_or_default(params.executor);
  const KMeansParams training{
      .clusters = std::max<std::uint32_t>(
          1, static_cast<std::uint32_t>(std::min<std::size_t>(params.clusters, keys.rows / keys_per_cluster))),
      .iterations = params.iterations,
      .seed = params.seed};
  const std::vector<float> trained = k_means(keys, training, executor);
  std::vector<float> distance;
  const std::vector<std::uint32_t> nearest = nearest_centroids(keys, trained, executor, &distance);
  const Members members = members_of(nearest, training.clusters);
  cluster_ids_.assign(nearest.begin(), nearest.end());
  counts_.resize(training.clusters);
  for (std::size_t c = 0; c < counts_.size(); ++c) counts_[c] = static_cast<float>(members.of(c).size());
  // Means of the keys that are in a cluster, not of those it was trained on: the estimate is then right to first order.
  const std::vector<float> means = mean_rows(keys, members, executor);
  centroids_ = store(means, keys.cols);
  mean_values_ = store(mean_rows(values, members, executor), values.cols);
  covariance_ = covariance_within(keys, means, nearest);
  spreads_ = relative_spreads(members, distance, trained, means);
}

std::size_t KeyClusters::bytes() const noexcept {
  return bytes_of(centroids_.view) + bytes_of(mean_values_.view) + bytes_of(covariance_.view) +
         (counts_.size() + spreads_.size()) * sizeof(float) + cluster_ids_.size() * sizeof(std::uint16_t);
}

}  // namespace rattan
