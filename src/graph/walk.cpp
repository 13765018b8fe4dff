#include "graph/walk.h"

#include <algorithm>
#include <limits>

namespace rattan {
namespace {

class Walk {
 public:
  Walk(const Scorer& scorer, const Graph& graph, const WalkParams& params, std::uint32_t k, WalkScratch& scratch)
      : scorer_(scorer), graph_(graph), params_(params), heads_(scratch.queries.count()), scratch_(scratch) {
    scratch_.seen.reset(graph.keys());
    scratch_.expanded.reset(graph.keys());
    scratch_.beams.resize(heads_);
    scratch_.results.resize(heads_);
    for (std::size_t head = 0; head < heads_; ++head) {
      scratch_.beams[head].reset(params.beam_width);
      scratch_.results[head].reset(k);
    }
    const bool unlimited = params.expansions == 0;
    scratch_.budget.assign(heads_, unlimited ? std::numeric_limits<std::uint32_t>::max() : params.expansions);
  }

  SearchStats run() {
    visit(graph_.entry_points);
    visit(params_.seeds);
    read_unseen();
    while (expand_round()) read_unseen();
    return stats_;
  }

 private:
  void visit(std::span<const KeyId> keys) {
    for (const KeyId key : keys) {
      if (!scratch_.seen.set(key)) scratch_.unseen.push_back(key);
    }
  }

  // Every head names one key; returns whether any did.
  bool expand_round() {
    bool any = false;
    for (std::size_t head = 0; head < heads_; ++head) {
      if (scratch_.budget[head] == 0) continue;
      const KeyId key = scratch_.beams[head].next([&](KeyId id) { return scratch_.expanded.test(id); });
      if (key == no_key) continue;
      any = true;
      --scratch_.budget[head];
      scratch_.expanded.set(key);
      const auto neighbors = graph_.neighbors(key);
      ++stats_.nodes_expanded;
      stats_.bytes_read += neighbors.size_bytes();
      visit(neighbors);
    }
    return any;
  }

  void read_unseen() {
    const std::vector<KeyId>& unseen = scratch_.unseen;
    if (unseen.empty()) return;
    stats_.keys_scored += unseen.size();
    stats_.bytes_read += unseen.size() * scorer_.keys().row_bytes();
    scratch_.scores.resize(heads_ * unseen.size());
    scorer_.score(scratch_.queries, unseen, scratch_.rows, scratch_.scores.data(), unseen.size());
    for (std::size_t head = 0; head < heads_; ++head) {
      keep(scratch_.scores.data() + head * unseen.size(), scratch_.beams[head], scratch_.results[head]);
    }
    scratch_.unseen.clear();
  }

  void keep(const float* scores, Beam& beam, TopK& results) {
    const std::vector<KeyId>& unseen = scratch_.unseen;
    for (std::size_t i = 0; i < unseen.size(); ++i) {
      if (scores[i] >= beam.threshold()) beam.insert(scores[i], unseen[i]);
      if (scores[i] >= results.threshold() && params_.candidates.contains(unseen[i])) {
        results.push(scores[i], unseen[i]);
      }
    }
  }

  const Scorer& scorer_;
  const Graph& graph_;
  const WalkParams& params_;
  std::size_t heads_;
  WalkScratch& scratch_;
  SearchStats stats_;
};

}  // namespace

SearchStats walk(const Scorer& scorer, const Graph& graph, const WalkParams& params, std::uint32_t k,
                 WalkScratch& scratch) {
  return Walk(scorer, graph, params, k, scratch).run();
}

}  // namespace rattan
