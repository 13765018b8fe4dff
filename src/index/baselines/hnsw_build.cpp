#include "index/baselines/hnsw_build.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/random.h"
#include "index/baselines/key_distance.h"

namespace rattan {
namespace {

// Reads one level's links again and again into the same memory.
class LevelReader {
 public:
  LevelReader(const detail::HnswLinks& links, std::uint32_t level) : links_(links), level_(level) {}

  std::span<const KeyId> of_key(KeyId key) {
    read_.clear();
    links_.links(key, level_, read_);
    return read_;
  }

 private:
  const detail::HnswLinks& links_;
  std::uint32_t level_;
  std::vector<KeyId> read_;
};

Graph copy_level0(const detail::HnswLinks& links, std::size_t rows, std::uint32_t stride) {
  Graph graph(rows, stride);
  LevelReader reader(links, 0);
  for (KeyId key = 0; key < rows; ++key) std::ranges::copy(reader.of_key(key), graph.slots(key).begin());
  return graph;
}

HnswLayer copy_upper(const detail::HnswLinks& links, std::size_t rows, std::uint32_t level) {
  HnswLayer layer;
  layer.offsets.push_back(0);
  LevelReader reader(links, level);
  for (KeyId key = 0; key < rows; ++key) {
    if (links.level(key) < level) continue;
    layer.nodes.push_back(key);
    const auto ids = reader.of_key(key);
    layer.ids.insert(layer.ids.end(), ids.begin(), ids.end());
    layer.offsets.push_back(static_cast<std::uint32_t>(layer.ids.size()));
  }
  if (layer.ids.size() > std::numeric_limits<std::uint32_t>::max()) {
    fail(ErrorCode::unsupported, "build_hnsw: an upper layer has 2^32 links or more; allowed is fewer (fewer keys)");
  }
  return layer;
}

}  // namespace

std::vector<KeyId> insertion_order(std::size_t rows, std::uint64_t seed) {
  std::vector<KeyId> order(rows);
  std::iota(order.begin(), order.end(), KeyId{0});
  for (std::size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[random_below(seed, i, i)]);
  return order;
}

HnswLayers build_hnsw_layers(const MatrixView& keys, Metric metric, const HnswBuildParams& params,
                             detail::InsertKeys insert) {
  HnswLayers layers{params.max_degree, params.build_beam, params.seed, no_key, {}, {}};
  if (keys.rows == 0) return layers;
  const ScoredDistance distance(keys, metric);
  const auto links = insert(insertion_order(keys.rows, params.seed), distance, params);
  layers.entry = links->entry();
  layers.level0 = copy_level0(*links, keys.rows, 2 * params.max_degree);
  const std::uint32_t top = links->level(layers.entry);
  for (std::uint32_t level = 1; level <= top; ++level) layers.upper.push_back(copy_upper(*links, keys.rows, level));
  return layers;
}

}  // namespace rattan
