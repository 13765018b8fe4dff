#include "graph/near_keys.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "clusters/k_means.h"
#include "core/parallel.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"

namespace rattan {
namespace {

constexpr std::size_t keys_per_cluster = 256;
constexpr std::size_t sampled_per_cluster = 32;
constexpr std::uint32_t training_rounds = 4;
// Bounds the table of one task.
constexpr std::size_t rows_at_once = 1024;

// Rows of a matrix in a place of their own.
void gather(const MatrixView& all, std::span<const KeyId> ids, std::vector<float>& rows) {
  rows.resize(ids.size() * all.cols);
  for (std::size_t i = 0; i < ids.size(); ++i) std::memcpy(&rows[i * all.cols], all.row(ids[i]), all.row_bytes());
}

struct Clusters {
  std::vector<float> centroids;
  Members members;  // of all keys
};

Clusters cluster(const MatrixView& directions, std::uint64_t seed, Executor& executor) {
  KMeansParams params;
  params.clusters = static_cast<std::uint32_t>(directions.rows / keys_per_cluster);
  params.iterations = training_rounds;
  params.seed = seed;
  // Evenly spaced, so that every part of the context has some.
  const std::size_t sampled = params.clusters * sampled_per_cluster;
  std::vector<KeyId> sample(sampled);
  for (std::size_t i = 0; i < sampled; ++i) sample[i] = static_cast<KeyId>(i * directions.rows / sampled);
  std::vector<float> rows;
  gather(directions, sample, rows);
  Clusters made;
  made.centroids = k_means(MatrixView(rows.data(), DType::f32, sampled, directions.cols), params, executor);
  made.members = members_of(nearest_centroids(directions, made.centroids, executor), params.clusters);
  return made;
}

// For every cluster all others, nearest first.
NeighborTable by_distance(const Clusters& made, std::size_t cols, Executor& executor) {
  const std::size_t count = made.members.offsets.size() - 1;
  const MatrixView rows(made.centroids.data(), DType::f32, count, cols);
  NeighborTable order;
  make_exact_topk_cpu(&executor)->find_checked(order, CheckedMatrix::trusted(rows), CheckedMatrix::trusted(rows),
                                               static_cast<std::uint32_t>(count), Metric::l2);
  return order;
}

// One worker's.
struct Scratch {
  std::vector<KeyId> among;  // ascending
  std::vector<float> among_rows;
  std::vector<float> asking_rows;
  NeighborTable nearest;
  std::vector<KeyId> found;
};

class Search {
 public:
  Search(const KeyGeometry& geometry, const NearKeysParams& params,
         const std::function<void(KeyId, std::span<const KeyId>)>& take)
      : all_(geometry.directions()), params_(params), take_(take) {}

  // The nearest of `asking` among scratch.among.
  void run(std::span<const KeyId> asking, Scratch& scratch) const {
    gather(all_, scratch.among, scratch.among_rows);
    const MatrixView among(scratch.among_rows.data(), DType::f32, scratch.among.size(), all_.cols);
    const auto exact = make_exact_topk_cpu(&serial_executor());
    for (std::size_t first = 0; first < asking.size(); first += rows_at_once) {
      const auto part = asking.subspan(first, std::min(rows_at_once, asking.size() - first));
      gather(all_, part, scratch.asking_rows);
      const MatrixView rows(scratch.asking_rows.data(), DType::f32, part.size(), all_.cols);
      // One more than are wanted: a key is nearest to itself.
      exact->find_checked(scratch.nearest, CheckedMatrix::trusted(rows), CheckedMatrix::trusted(among),
                          params_.count + 1, Metric::inner_product);
      for (std::size_t i = 0; i < part.size(); ++i) give(part[i], i, scratch);
    }
  }

 private:
  void give(KeyId key, std::size_t row, Scratch& scratch) const {
    scratch.found.clear();
    for (const KeyId i : scratch.nearest.ids(row).first(scratch.nearest.count(row))) {
      if (scratch.among[i] != key) scratch.found.push_back(scratch.among[i]);
    }
    scratch.found.resize(std::min<std::size_t>(scratch.found.size(), params_.count));
    take_(key, scratch.found);
  }

  MatrixView all_;
  const NearKeysParams& params_;
  const std::function<void(KeyId, std::span<const KeyId>)>& take_;
};

}  // namespace

void near_keys(std::span<const KeyId> keys, const KeyGeometry& geometry, const NearKeysParams& params,
               Executor& executor, const std::function<void(KeyId, std::span<const KeyId>)>& take) {
  if (keys.empty()) return;
  const MatrixView all = geometry.directions();
  const Search search(geometry, params, take);
  std::vector<Scratch> scratches(executor.workers());
  if (all.rows / 2 <= params.compared) {
    parallel_blocks(executor, keys.size(), rows_at_once, [&](std::size_t begin, std::size_t end, unsigned worker) {
      Scratch& scratch = scratches[worker];
      scratch.among.resize(all.rows);
      std::iota(scratch.among.begin(), scratch.among.end(), KeyId{0});
      search.run(keys.subspan(begin, end - begin), scratch);
    });
    return;
  }
  const Clusters made = cluster(all, params.seed, executor);
  const NeighborTable order = by_distance(made, all.cols, executor);
  std::vector<std::uint8_t> asks(all.rows);
  for (const KeyId key : keys) asks[key] = 1;
  executor.run(order.rows(), [&](std::size_t c, unsigned worker) {
    Scratch& scratch = scratches[worker];
    std::vector<KeyId> asking;
    for (const KeyId key : made.members.rows_of(c)) {
      if (asks[key] != 0) asking.push_back(key);
    }
    if (asking.empty()) return;
    scratch.among.clear();
    for (const KeyId near : order.ids(c)) {
      const auto members = made.members.rows_of(near);
      scratch.among.insert(scratch.among.end(), members.begin(), members.end());
      if (scratch.among.size() >= params.compared) break;
    }
    std::sort(scratch.among.begin(), scratch.among.end());
    search.run(asking, scratch);
  });
}

}  // namespace rattan
