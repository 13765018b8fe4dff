// hnswlib's header defines functions that are not inline and prefetches past the end of its lists; both are part of its
// hand-vectorised half, which Rattan's distance has no use for. Still, only this source of the library includes it.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/check.h"
#include "core/parallel.h"
#include "core/random.h"
#include "index/baselines/hnsw_build.h"
#include "scan/scorer.h"

namespace rattan {

const bool have_hnswlib = true;

namespace {

using Hnsw = hnswlib::HierarchicalNSW<float>;

std::atomic<std::uint64_t> next_space{1};

// hnswlib keeps a 4-byte key id where it would keep the vector, so the keys stay borrowed and in their own dtype.
class KeySpace final : public hnswlib::SpaceInterface<float> {
 public:
  KeySpace(const MatrixView& keys, Metric metric) : scorer_(keys, metric), number_(next_space++) {}

  size_t get_data_size() override { return sizeof(KeyId); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return this; }

 private:
  // One side of a distance must be in query form. hnswlib holds one side fixed for many calls, sometimes the first and
  // sometimes the second, so the last key seen on either side is kept per thread.
  struct Sides {
    std::uint64_t space = 0;  // no address: the next build's space may lie at the same one
    KeyId ids[2] = {no_key, no_key};
    PreparedQueries prepared[2];
  };

  static float distance(const void* a, const void* b, const void* space) {
    return static_cast<const KeySpace*>(space)->distance_of(*static_cast<const KeyId*>(a),
                                                            *static_cast<const KeyId*>(b));
  }

  float distance_of(KeyId a, KeyId b) const {
    thread_local Sides sides;
    if (sides.space != number_) {
      sides.space = number_;
      sides.ids[0] = sides.ids[1] = no_key;
    }
    if (sides.ids[0] == a) return distance_to(sides.prepared[0], b);
    if (sides.ids[1] == b) return distance_to(sides.prepared[1], a);
    prepare(sides, 0, a);
    prepare(sides, 1, b);
    return distance_to(sides.prepared[0], b);
  }

  void prepare(Sides& sides, std::size_t side, KeyId id) const {
    scorer_.prepare(scorer_.keys().base.slice(id, 1), sides.prepared[side]);
    sides.ids[side] = id;
  }

  float distance_to(const PreparedQueries& query, KeyId key) const {
    const void* row = scorer_.keys().row(key);
    float score = 0;
    scorer_.kernels().score(scorer_.metric(), scorer_.keys().dtype())(query.data(), 1, &row, 1, scorer_.keys().cols(),
                                                                      &score, 1);
    // A NaN (products of huge keys) would break the order of hnswlib's heaps.
    return score == score ? -score : std::numeric_limits<float>::infinity();
  }

  Scorer scorer_;
  std::uint64_t number_;
};

// Keys by insertion number, which hnswlib's links use, and back.
struct Names {
  explicit Names(const Hnsw& hnsw) : key_of(hnsw.cur_element_count), number_of(hnsw.cur_element_count) {
    for (hnswlib::tableint number = 0; number < hnsw.cur_element_count; ++number) {
      key_of[number] = static_cast<KeyId>(hnsw.getExternalLabel(number));
      number_of[key_of[number]] = number;
    }
  }
  std::vector<KeyId> key_of;
  std::vector<hnswlib::tableint> number_of;
};

// Calls visit(position, key) for each link of a key.
template <typename Visit>
void each_link(const Hnsw& hnsw, const Names& names, std::size_t key, int level, const Visit& visit) {
  auto* list = hnsw.get_linklist_at_level(names.number_of[key], level);
  const std::size_t count = hnsw.getListCount(list);
  for (std::size_t i = 0; i < count; ++i) visit(i, names.key_of[list[i + 1]]);
}

Graph copy_level0(const Hnsw& hnsw, const Names& names) {
  Graph graph(names.key_of.size(), static_cast<std::uint32_t>(hnsw.maxM0_));
  for (std::size_t key = 0; key < graph.keys(); ++key) {
    const auto slots = graph.slots(static_cast<KeyId>(key));
    each_link(hnsw, names, key, 0, [&](std::size_t i, KeyId neighbor) { slots[i] = neighbor; });
  }
  return graph;
}

HnswLayer copy_upper(const Hnsw& hnsw, const Names& names, int level) {
  HnswLayer layer;
  layer.offsets.push_back(0);
  for (std::size_t key = 0; key < names.number_of.size(); ++key) {
    if (hnsw.element_levels_[names.number_of[key]] < level) continue;
    layer.nodes.push_back(static_cast<KeyId>(key));
    each_link(hnsw, names, key, level, [&](std::size_t, KeyId neighbor) { layer.ids.push_back(neighbor); });
    layer.offsets.push_back(static_cast<std::uint32_t>(layer.ids.size()));
  }
  if (layer.ids.size() > std::numeric_limits<std::uint32_t>::max()) {
    fail(ErrorCode::unsupported, "build_hnsw: an upper layer has 2^32 links or more; allowed is fewer (fewer keys)");
  }
  return layer;
}

void insert_all(Hnsw& hnsw, const std::vector<KeyId>& order, Executor& executor) {
  hnsw.addPoint(&order[0], order[0]);
  executor.run(order.size() - 1, [&](std::size_t task, unsigned) { hnsw.addPoint(&order[task + 1], order[task + 1]); });
}

}  // namespace

std::vector<KeyId> insertion_order(std::size_t rows, std::uint64_t seed) {
  std::vector<KeyId> order(rows);
  std::iota(order.begin(), order.end(), KeyId{0});
  for (std::size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[random_below(seed, i, i)]);
  return order;
}

HnswLayers build_hnsw_layers(const MatrixView& keys, Metric metric, const HnswBuildParams& params) {
  HnswLayers layers{params.max_degree, params.build_beam, params.seed, no_key, {}, {}};
  if (keys.rows == 0) return layers;
  try {
    KeySpace space(keys, metric);
    Hnsw hnsw(&space, keys.rows, params.max_degree, params.build_beam, params.seed);
    insert_all(hnsw, insertion_order(keys.rows, params.seed), executor_or_default(params.executor));

    const Names names(hnsw);
    layers.entry = names.key_of[hnsw.enterpoint_node_];
    layers.level0 = copy_level0(hnsw, names);
    for (int level = 1; level <= hnsw.maxlevel_; ++level) layers.upper.push_back(copy_upper(hnsw, names, level));
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    fail(ErrorCode::no_memory, "build_hnsw: hnswlib gives up: ", error.what());
  }
  return layers;
}

}  // namespace rattan
