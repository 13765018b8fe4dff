#include "index/baselines/hnsw_search.h"

#include <algorithm>
#include <span>

namespace rattan {
namespace {

class Descent {
 public:
  Descent(const HnswLayers& layers, const Scorer& scorer, HnswScratch& scratch)
      : layers_(layers), scorer_(scorer), scratch_(scratch) {}

  // The node of the lowest upper layer that improving steps from the entry point lead to.
  KeyId run(SearchStats& stats) {
    scratch_.descent.clear();
    if (layers_.upper.empty()) return layers_.entry;
    const KeyId entry = layers_.entry;
    score({&entry, 1});
    Neighbor current{scratch_.walk.scores[0], entry};
    for (auto layer = layers_.upper.rbegin(); layer != layers_.upper.rend(); ++layer) {
      while (improve(*layer, current, stats)) {
      }
    }
    stats.bytes_read += scratch_.descent.size() * scorer_.keys().row_bytes();
    return current.id;
  }

 private:
  void score(std::span<const KeyId> ids) {
    WalkScratch& walk = scratch_.walk;
    walk.scores.resize(std::max(walk.scores.size(), ids.size()));
    scorer_.score(walk.queries, ids, walk.rows, walk.scores.data(), ids.size());
    scratch_.descent.insert(scratch_.descent.end(), ids.begin(), ids.end());
  }

  bool improve(const HnswLayer& layer, Neighbor& current, SearchStats& stats) {
    const auto ids = layer.neighbors(current.id);
    ++stats.nodes_expanded;
    stats.bytes_read += ids.size_bytes();
    score(ids);
    bool improved = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (scratch_.walk.scores[i] > current.score) {
        current = {scratch_.walk.scores[i], ids[i]};
        improved = true;
      }
    }
    return improved;
  }

  const HnswLayers& layers_;
  const Scorer& scorer_;
  HnswScratch& scratch_;
};

std::uint64_t read_by_descent_alone(HnswScratch& scratch) {
  auto& ids = scratch.descent;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const auto alone = std::count_if(ids.begin(), ids.end(), [&](KeyId id) { return !scratch.walk.seen.test(id); });
  return static_cast<std::uint64_t>(alone);
}

}  // namespace

SearchStats search_hnsw(const HnswLayers& layers, const Scorer& scorer, const SearchParams& params,
                        std::uint32_t beam_width, HnswScratch& scratch) {
  SearchStats stats;
  scratch.starts.assign(1, Descent(layers, scorer, scratch).run(stats));
  scratch.starts.insert(scratch.starts.end(), params.start_keys.begin(), params.start_keys.end());
  const WalkParams walk_params{beam_width, params.expansions.value_or(0), scratch.starts, params.candidate_range};
  stats += walk(scorer, layers.level0, walk_params, params.k, scratch.walk);
  stats.keys_scored += read_by_descent_alone(scratch);
  return stats;
}

}  // namespace rattan
