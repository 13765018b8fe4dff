#include "clusters/cluster_cut.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "clusters/joint_rows.h"
#include "core/aligned.h"
#include "core/half.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr float largest_half = 65504.0F;

// A copy of `means`, those of the clusters `changed` taken anew from the rows that are left but for the unusual ones.
SharedMatrix renew(const MatrixView& means, const std::vector<bool>& changed,
                   std::span<const std::uint16_t> cluster_ids, const MatrixView& rows,
                   const std::vector<bool>& unusual) {
  const std::size_t cols = means.cols;
  std::vector<double> sums(means.rows * cols);
  std::vector<std::size_t> counts(means.rows);
  std::vector<float> row(cols);
  const simd::ToFloat to_float = simd::kernels().widen(rows.dtype);
  for (std::size_t i = 0; i < cluster_ids.size(); ++i) {
    const std::size_t cluster = cluster_ids[i];
    if (!changed[cluster] || unusual[i]) continue;
    to_float(rows.row(i), cols, row.data());
    for (std::size_t c = 0; c < cols; ++c) sums[cluster * cols + c] += static_cast<double>(row[c]);
    ++counts[cluster];
  }
  const auto memory = std::make_shared<AlignedVector<std::byte>>(means.rows * means.row_bytes());
  for (std::size_t cluster = 0; cluster < means.rows; ++cluster) {
    std::byte* const to = memory->data() + cluster * means.row_bytes();
    std::memcpy(to, means.row(cluster), means.row_bytes());
    if (!changed[cluster] || counts[cluster] == 0) continue;  // an empty one weighs nothing, or is of unusual keys
    for (std::size_t c = 0; c < cols; ++c) {
      const auto mean = static_cast<float>(sums[cluster * cols + c] / static_cast<double>(counts[cluster]));
      if (means.dtype == DType::f32) {
        std::memcpy(to + c * sizeof mean, &mean, sizeof mean);
      } else {
        const std::uint16_t half = to_f16(std::clamp(mean, -largest_half, largest_half));
        std::memcpy(to + c * sizeof half, &half, sizeof half);
      }
    }
  }
  return {MatrixView(memory->data(), means.dtype, means.rows, cols), memory};
}

}  // namespace

KeyClusters cut_clusters(const KeyClusters& clusters, KeyId end, MatrixView keys, MatrixView values) {
  const KeyId first = clusters.ids().begin;
  const auto all = clusters.cluster_ids();
  const std::size_t kept = end > first ? std::min<std::size_t>(end - first, all.size()) : 0;
  std::vector<std::uint16_t> ids(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept));
  std::vector<float> counts(clusters.counts().begin(), clusters.counts().end());
  std::vector<bool> changed(counts.size());
  for (std::size_t i = kept; i < all.size(); ++i) {
    counts[all[i]] -= 1;
    changed[all[i]] = true;
  }
  const std::vector<bool> none(kept);
  SharedMatrix centroids = renew(clusters.centroids(), changed, ids, keys, unusual_rows(keys.slice(0, kept)));
  SharedMatrix mean_values = renew(clusters.mean_values(), changed, ids, values, none);
  std::vector<float> spreads(clusters.spreads().begin(), clusters.spreads().end());
  return {first,
          std::move(centroids),
          std::move(mean_values),
          clusters.shared_covariance(),
          std::move(counts),
          std::move(spreads),
          std::move(ids)};
}

}  // namespace rattan
