#include "tests/graph/naive_walk.h"

#include <algorithm>
#include <cmath>

namespace rattan::test {
namespace {

struct Head {
  std::vector<Neighbor> beam;
  std::vector<Neighbor> results;
  std::uint32_t expansions = 0;
};

void keep_best(std::vector<Neighbor>& kept, std::size_t count) {
  std::sort(kept.begin(), kept.end(), better);
  if (kept.size() > count) kept.resize(count);
}

class NaiveWalk {
 public:
  NaiveWalk(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
            std::uint32_t k)
      : scorer_(scorer), graph_(graph), queries_(queries), params_(params), k_(k), heads_(queries.rows) {}

  Walked run() {
    std::vector<KeyId> unseen;
    collect(graph_.entry_points, unseen);
    collect(params_.start_keys, unseen);
    for (bool any = true; any;) {
      for (const KeyId key : unseen) read(key);
      unseen.clear();
      any = false;
      for (Head& head : heads_) any = expand(head, unseen) || any;
    }
    for (Head& head : heads_) walked_.results.push_back(head.results);
    return walked_;
  }

 private:
  void collect(std::span<const KeyId> keys, std::vector<KeyId>& unseen) {
    for (const KeyId key : keys) {
      if (walked_.read.insert(key).second) unseen.push_back(key);
    }
  }

  void read(KeyId key) {
    ++walked_.stats.keys_scored;
    walked_.stats.bytes_read += scorer_.keys().row_bytes();
    for (std::size_t row = 0; row < heads_.size(); ++row) {
      const float score = score_of(row, key);
      if (std::isnan(score)) continue;
      heads_[row].beam.push_back({score, key});
      keep_best(heads_[row].beam, params_.row_width(params_.beam_width, row));
      if (!params_.candidate_range.contains(key)) continue;
      heads_[row].results.push_back({score, key});
      keep_best(heads_[row].results, k_);
    }
  }

  bool expand(Head& head, std::vector<KeyId>& unseen) {
    if (params_.expansions != 0 && head.expansions == params_.expansions) return false;
    const auto best = std::find_if(head.beam.begin(), head.beam.end(),
                                   [&](const Neighbor& neighbor) { return !expanded_.contains(neighbor.id); });
    if (best == head.beam.end()) return false;
    expanded_.insert(best->id);
    ++head.expansions;
    ++walked_.stats.nodes_expanded;
    walked_.stats.bytes_read += graph_.neighbors(best->id).size() * sizeof(KeyId);
    collect(graph_.neighbors(best->id), unseen);
    return true;
  }

  float score_of(std::size_t row, KeyId key) {
    PreparedQueries prepared;
    scorer_.prepare(queries_.slice(row, 1), prepared);
    std::vector<const void*> rows;
    float score = 0;
    scorer_.score(prepared, std::span(&key, 1), rows, &score, 1);
    return score;
  }

  const Scorer& scorer_;
  const Graph& graph_;
  const MatrixView& queries_;
  const WalkParams& params_;
  std::uint32_t k_;
  std::vector<Head> heads_;
  std::set<KeyId> expanded_;
  Walked walked_;
};

}  // namespace

Walked naive_walk(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
                  std::uint32_t k) {
  return NaiveWalk(scorer, graph, queries, params, k).run();
}

Walked walked(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
              std::uint32_t k, WalkScratch& scratch) {
  scorer.prepare(queries, scratch.queries);
  Walked result;
  result.stats = walk(scorer, graph, params, k, scratch);
  for (TopK& best : scratch.results) {
    const auto sorted = best.sorted();
    result.results.emplace_back(sorted.begin(), sorted.end());
  }
  return result;
}

Walked walked(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
              std::uint32_t k) {
  WalkScratch scratch;
  return walked(scorer, graph, queries, params, k, scratch);
}

}  // namespace rattan::test
