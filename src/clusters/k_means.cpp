#include "clusters/k_means.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "core/random.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

// Rows summed in fp32 before they meet the double-precision total.
constexpr std::size_t sum_block = 256;

// Keys to start from, one drawn from each of `count` equal stretches, so that every part of the context has some.
std::vector<float> first_centroids(MatrixView keys, std::size_t count, std::uint64_t seed) {
  const auto to_float = simd::kernels().widen(keys.dtype);
  std::vector<float> centroids(count * keys.cols);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i * keys.rows / count;
    const std::size_t end = (i + 1) * keys.rows / count;
    to_float(keys.row(begin + random_below(seed, i, end - begin)), keys.cols, centroids.data() + i * keys.cols);
  }
  return centroids;
}

// Clusters that lost all keys start again at the keys that lie farthest from their centroids.
void refill(MatrixView keys, const Members& members, std::span<const float> distance, std::vector<float>& centroids) {
  const std::size_t count = members.offsets.size() - 1;
  std::vector<std::uint32_t> empty;
  for (std::uint32_t c = 0; c < count; ++c) {
    if (members.rows_of(c).empty()) empty.push_back(c);
  }
  if (empty.empty()) return;
  std::vector<std::uint32_t> far(keys.rows);
  std::iota(far.begin(), far.end(), 0U);
  const auto farther = [&](std::uint32_t a, std::uint32_t b) {
    return distance[a] != distance[b] ? distance[a] > distance[b] : a < b;
  };
  std::partial_sort(far.begin(), far.begin() + static_cast<std::ptrdiff_t>(empty.size()), far.end(), farther);
  const auto to_float = simd::kernels().widen(keys.dtype);
  for (std::size_t i = 0; i < empty.size(); ++i) {
    to_float(keys.row(far[i]), keys.cols, centroids.data() + empty[i] * keys.cols);
  }
}

}  // namespace

std::vector<std::uint32_t> nearest_centroids(MatrixView keys, std::span<const float> centroids, Executor& executor,
                                             std::vector<float>* distance) {
  const MatrixView rows(centroids.data(), DType::f32, centroids.size() / keys.cols, keys.cols);
  NeighborTable nearest;
  make_exact_topk_cpu(&executor)->find_checked(nearest, CheckedMatrix::trusted(keys), CheckedMatrix::trusted(rows), 1,
                                               Metric::l2);
  std::vector<std::uint32_t> clusters(keys.rows);
  if (distance != nullptr) distance->resize(keys.rows);
  for (std::size_t i = 0; i < keys.rows; ++i) {
    const KeyId id = nearest.ids(i)[0];
    clusters[i] = id == no_key ? 0 : id;  // distances that overflow leave a key without a nearest centroid
    if (distance != nullptr) (*distance)[i] = -nearest.scores(i)[0];
  }
  return clusters;
}

Members members_of(std::span<const std::uint32_t> clusters, std::size_t count) {
  Members members{std::vector<std::uint32_t>(count + 1), std::vector<std::uint32_t>(clusters.size())};
  for (const std::uint32_t cluster : clusters) ++members.offsets[cluster + 1];
  std::partial_sum(members.offsets.begin(), members.offsets.end(), members.offsets.begin());
  std::vector<std::uint32_t> next(members.offsets.begin(), members.offsets.end() - 1);
  for (std::uint32_t row = 0; row < clusters.size(); ++row) members.rows[next[clusters[row]]++] = row;
  return members;
}

std::vector<float> mean_rows(MatrixView matrix, const Members& members, Executor& executor) {
  const std::size_t count = members.offsets.size() - 1;
  const std::size_t dim = matrix.cols;
  const auto add = simd::kernels().add_weighted(matrix.dtype);
  const auto to_float = simd::kernels().widen(matrix.dtype);
  const std::vector<float> ones(sum_block, 1.0F);
  std::vector<float> means(count * dim);
  parallel_blocks(executor, count, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<const void*> rows;
    std::vector<float> block(dim);
    std::vector<double> sum(dim);
    for (std::size_t c = begin; c < end; ++c) {
      const auto all = members.rows_of(c);
      std::fill(sum.begin(), sum.end(), 0.0);
      for (std::size_t first = 0; first < all.size(); first += sum_block) {
        rows.clear();
        for (const std::uint32_t row : all.subspan(first, std::min(sum_block, all.size() - first))) {
          rows.push_back(matrix.row(row));
        }
        std::fill(block.begin(), block.end(), 0.0F);
        add(ones.data(), 1, rows.size(), rows.data(), rows.size(), dim, block.data());
        // Sums near the end of fp32's range are taken once more, row by row.
        if (!std::ranges::all_of(block, [](float x) { return std::isfinite(x); })) {
          for (const void* row : rows) {
            to_float(row, dim, block.data());
            for (std::size_t j = 0; j < dim; ++j) sum[j] += static_cast<double>(block[j]);
          }
          continue;
        }
        for (std::size_t j = 0; j < dim; ++j) sum[j] += static_cast<double>(block[j]);
      }
      const double factor = all.empty() ? 0 : 1 / static_cast<double>(all.size());
      for (std::size_t j = 0; j < dim; ++j) means[c * dim + j] = static_cast<float>(sum[j] * factor);
    }
  });
  return means;
}

std::vector<float> k_means(MatrixView keys, const KMeansParams& params, Executor& executor) {
  const std::size_t count = std::min<std::size_t>(params.clusters, keys.rows);
  if (count == 0) return {};
  std::vector<float> centroids = first_centroids(keys, count, params.seed);
  std::vector<float> distance;
  for (std::uint32_t i = 0; i < params.iterations; ++i) {
    const Members members = members_of(nearest_centroids(keys, centroids, executor, &distance), count);
    centroids = mean_rows(keys, members, executor);
    refill(keys, members, distance, centroids);
  }
  return centroids;
}

}  // namespace rattan
