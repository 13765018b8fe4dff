// Lloyd's k-means over keys as they are stored, by Rattan's own exact search: the same clusters with and without FAISS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

struct KMeansParams {
  std::uint32_t clusters = 1024;
  std::uint32_t iterations = 8;
  std::uint64_t seed = 1;
};

// Row numbers by cluster: those of cluster c are rows[offsets[c], offsets[c + 1]), ascending.
struct Members {
  std::vector<std::uint32_t> offsets;
  std::vector<std::uint32_t> rows;

  std::span<const std::uint32_t> rows_of(std::size_t cluster) const noexcept {
    return std::span(rows).subspan(offsets[cluster], offsets[cluster + 1] - offsets[cluster]);
  }
};

// Keys are finite. min(clusters, keys.rows) centroids of keys.cols floats. The same bits for any number of threads.
std::vector<float> k_means(MatrixView keys, const KMeansParams& params, Executor& executor);

// The nearest centroid (L2; ties to the first) of every key; `distance`, where given, gets its squared distance.
std::vector<std::uint32_t> nearest_centroids(MatrixView keys, std::span<const float> centroids, Executor& executor,
                                             std::vector<float>* distance = nullptr);

Members members_of(std::span<const std::uint32_t> clusters, std::size_t count);

// Means of the members' rows of `matrix` in double precision, [clusters, cols]; zeros for a cluster without members.
std::vector<float> mean_rows(MatrixView matrix, const Members& members, Executor& executor);

}  // namespace rattan
