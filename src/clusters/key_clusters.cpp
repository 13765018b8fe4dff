#include "clusters/key_clusters.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "clusters/joint_rows.h"
#include "clusters/k_means.h"
#include "clusters/second_moment.h"
#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t keys_per_cluster = 16;
constexpr std::uint32_t most_clusters = 65536;  // ids have two bytes

// Whether half precision loses no more of a row than its 11 bits say: values of a millionth would lose all. Means of
// half-precision rows lose no more than the rows did.
bool halves_hold(std::span<const float> row, DType dtype) {
  constexpr float largest_half = 65504.0F;
  constexpr float least = 0x1p-10F;  // of the largest element; elements of a thousandth of it are still normal halves
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::abs(x));
  return largest == 0 || dtype == DType::f16 || (largest >= least && largest <= largest_half);
}

// An estimate needs no more than half precision, and a decode step reads every centroid.
SharedMatrix store(std::span<const float> values, std::size_t cols, DType dtype) {
  const std::size_t rows = values.size() / cols;
  bool fits = true;
  for (std::size_t row = 0; row < rows; ++row) fits = fits && halves_hold(values.subspan(row * cols, cols), dtype);
  const auto memory = std::make_shared<AlignedVector<std::byte>>(values.size() * (fits ? 2 : 4));
  if (fits) {
    auto* halves = reinterpret_cast<std::uint16_t*>(memory->data());
    std::transform(values.begin(), values.end(), halves, to_f16);
  } else {
    std::copy(values.begin(), values.end(), reinterpret_cast<float*>(memory->data()));
  }
  return {{memory->data(), fits ? DType::f16 : DType::f32, rows, cols}, memory};
}

// Without the unusual ones of each cluster in which they are the minority: one would draw the others' mean away.
Members usual_members(const Members& members, const std::vector<bool>& unusual) {
  if (std::ranges::none_of(unusual, [](bool is) { return is; })) return members;
  Members usual{{0}, {}};
  for (std::size_t c = 0; c + 1 < members.offsets.size(); ++c) {
    const auto rows = members.rows_of(c);
    const auto count = static_cast<std::size_t>(std::ranges::count_if(rows, [&](auto row) { return unusual[row]; }));
    for (const std::uint32_t row : rows) {
      if (!unusual[row] || 2 * count > rows.size()) usual.rows.push_back(row);
    }
    usual.offsets.push_back(static_cast<std::uint32_t>(usual.rows.size()));
  }
  return usual;
}

// Of evenly spaced usual keys; the covariance has far fewer numbers than these.
SharedMatrix covariance_within(MatrixView keys, std::span<const float> means, std::span<const std::uint32_t> nearest,
                               const std::vector<bool>& unusual) {
  constexpr std::size_t sample = 8192;
  const std::size_t step = std::max<std::size_t>(1, keys.rows / sample);
  const auto to_float = simd::kernels().widen(keys.dtype);
  std::vector<float> row(keys.cols);
  SecondMoment moment(keys.cols);
  for (std::size_t i = 0; i < keys.rows; i += step) {
    if (unusual[i]) continue;
    to_float(keys.row(i), keys.cols, row.data());
    for (std::size_t j = 0; j < keys.cols; ++j) row[j] -= means[nearest[i] * keys.cols + j];
    moment.add(row);
  }
  const std::vector<double> mean = moment.mean();
  const auto memory = std::make_shared<AlignedVector<float>>(mean.begin(), mean.end());
  return {{memory->data(), DType::f32, keys.cols, keys.cols}, memory};
}

// Beyond these fp32 ends.
constexpr double largest_square = 1e37;
constexpr double largest_spread = 1e6;

double trace(const MatrixView& covariance) {
  double sum = 0;
  for (std::size_t i = 0; i < covariance.rows; ++i) sum += static_cast<const float*>(covariance.row(i))[i];
  return sum;
}

// Mean squared distance of each cluster's keys from their mean, over `variance`; 0: over the mean of all keys'.
std::vector<float> relative_spreads(MatrixView keys, const Members& members, std::span<const float> means,
                                    double variance, Executor& executor) {
  const std::size_t count = members.offsets.size() - 1;
  const auto to_float = simd::kernels().widen(keys.dtype);
  std::vector<double> sums(count);
  parallel_blocks(executor, count, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> key(keys.cols);
    for (std::size_t c = begin; c < end; ++c) {
      for (const std::uint32_t row : members.rows_of(c)) {
        to_float(keys.row(row), keys.cols, key.data());
        float squared = 0;
        for (std::size_t j = 0; j < keys.cols; ++j) {
          const float difference = key[j] - means[c * keys.cols + j];
          squared += difference * difference;
        }
        sums[c] += std::min(static_cast<double>(squared), largest_square);
      }
    }
  });
  const double own = std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(members.rows.size());
  const double all = variance > 0 ? variance : own;
  std::vector<float> relative(count);
  for (std::size_t c = 0; c < count; ++c) {
    if (!(sums[c] > 0)) continue;
    const double spread = sums[c] / static_cast<double>(members.rows_of(c).size()) / all;
    relative[c] = static_cast<float>(std::min(spread, largest_spread));
  }
  return relative;
}

// Which cluster every key belongs to, by its key and its value.
std::vector<std::uint32_t> cluster(MatrixView keys, MatrixView values, std::size_t count, const ClusterParams& params,
                                   Executor& executor) {
  constexpr std::size_t trained_per_cluster = 64;
  constexpr std::size_t block = 65536;  // keys assigned at a time: their joint rows are a copy
  const JointRows joint(keys, values);
  const std::size_t step = std::max<std::size_t>(1, keys.rows / (trained_per_cluster * count));
  const std::size_t sampled = (keys.rows + step - 1) / step;
  const std::vector<float> sample = joint.rows(0, sampled, step, executor);
  const std::vector<float> centroids = k_means(
      {sample.data(), DType::f32, sampled, joint.cols()},
      {.clusters = static_cast<std::uint32_t>(count), .iterations = params.iterations, .seed = params.seed}, executor);
  std::vector<std::uint32_t> clusters;
  for (std::size_t begin = 0; begin < keys.rows; begin += block) {
    const std::size_t size = std::min(block, keys.rows - begin);
    const std::vector<float> rows = joint.rows(begin, size, 1, executor);
    const auto nearest = nearest_centroids({rows.data(), DType::f32, size, joint.cols()}, centroids, executor);
    clusters.insert(clusters.end(), nearest.begin(), nearest.end());
  }
  return clusters;
}

std::size_t clusters_made(std::size_t keys, std::uint32_t wanted) {
  return std::max<std::size_t>(1, std::min<std::size_t>(wanted, keys / keys_per_cluster));
}

std::size_t bytes_of(const MatrixView& matrix) { return matrix.rows * matrix.row_bytes(); }

}  // namespace

void ClusterParams::validate() const {
  check_range<std::uint32_t>("clusters", clusters, 1, most_clusters);
  check_range<std::uint32_t>("iterations", iterations, 1, 1000);
}

KeyClusters::KeyClusters(const CheckedMatrix& checked_keys, const CheckedMatrix& checked_values, KeyId first_id,
                         const ClusterParams& params)
    : first_id_(first_id) {
  params.validate();
  const MatrixView& keys = checked_keys.view();
  const MatrixView& values = checked_values.view();
  if (values.rows != keys.rows) {
    fail(ErrorCode::invalid_argument, "values have ", values.rows, " rows, keys have ", keys.rows);
  }
  check_range<std::size_t>("rows of keys", keys.rows, 0, no_key - std::size_t{first_id});
  if (keys.rows == 0) return;

  Executor& executor = executor_or_default(params.executor);
  const std::size_t count = clusters_made(keys.rows, params.clusters);
  const std::vector<std::uint32_t> nearest = cluster(keys, values, count, params, executor);
  const Members members = members_of(nearest, count);
  cluster_ids_.assign(nearest.begin(), nearest.end());
  counts_.resize(count);
  for (std::size_t c = 0; c < counts_.size(); ++c) counts_[c] = static_cast<float>(members.rows_of(c).size());
  const std::vector<bool> unusual = unusual_rows(keys);
  const Members usual = usual_members(members, unusual);
  const std::vector<float> means = mean_rows(keys, usual, executor);
  centroids_ = store(means, keys.cols, keys.dtype);
  mean_values_ = store(mean_rows(values, members, executor), values.cols, values.dtype);
  // Keys that are all equal have nothing to share.
  const double variance = params.alike == nullptr ? 0 : trace(params.alike->covariance());
  owns_covariance_ = !(variance > 0);
  covariance_ = owns_covariance_ ? covariance_within(keys, means, nearest, unusual) : params.alike->covariance_;
  spreads_ = relative_spreads(keys, usual, means, variance, executor);
}

std::size_t KeyClusters::bytes() const noexcept {
  return bytes_of(centroids_.view) + bytes_of(mean_values_.view) + (owns_covariance_ ? bytes_of(covariance_.view) : 0) +
         (counts_.size() + spreads_.size()) * sizeof(float) + cluster_ids_.size() * sizeof(std::uint16_t);
}

std::size_t KeyClusters::most_bytes(std::size_t keys, std::uint32_t clusters, std::size_t key_dim,
                                    std::size_t value_dim, DType dtype) noexcept {
  if (keys == 0 || clusters == 0) return 0;
  const std::size_t count = clusters_made(keys, clusters);
  const std::size_t means = count * (key_dim + value_dim) * (dtype == DType::f16 ? 2 : 4);
  return means + (key_dim * key_dim + 2 * count) * sizeof(float) + keys * sizeof(std::uint16_t);
}

}  // namespace rattan
