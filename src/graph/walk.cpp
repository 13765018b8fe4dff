#include "graph/walk.h"

#include <algorithm>
#include <limits>

namespace rattan {
namespace {

class Walk {
 public:
  Walk(const Scorer& scorer, const GraphView& graph, const WalkParams& params, std::uint32_t k, WalkScratch& scratch)
      : scorer_(scorer),
        graph_(graph),
        params_(params),
        heads_(scratch.queries.count()),
        k_(k),
        results_are_beams_(params.offers_all(graph.keys())),
        scratch_(scratch) {
    scratch_.seen.reset(graph.keys());
    scratch_.expanded.reset(graph.keys());
    scratch_.beams.resize(heads_);
    scratch_.results.resize(heads_);
    for (std::size_t head = 0; head < heads_; ++head) {
      const std::uint32_t width = params.row_width(params.beam_width, head);
      results_are_beams_ = results_are_beams_ && width >= k;
      scratch_.beams[head].reset(width);
      scratch_.results[head].reset(k);
    }
    const bool unlimited = params.expansions == 0;
    scratch_.budget.assign(heads_, unlimited ? std::numeric_limits<std::uint32_t>::max() : params.expansions);
  }

  SearchStats run() {
    visit(graph_.base_entry_points());
    visit(graph_.grown_entry_points());
    visit(params_.start_keys);
    read_unseen();
    while (expand_round()) read_unseen();
    if (results_are_beams_) take_results_from_beams();
    return stats_;
  }

 private:
  void visit(std::span<const KeyId> keys) {
    for (const KeyId key : keys) {
      if (!scratch_.seen.set(key)) scratch_.unseen.push_back(key);
    }
  }

  // Every head names one key, then all of them are expanded: their edge lists arrive together. Returns whether any did.
  bool expand_round() {
    scratch_.named.clear();
    for (std::size_t head = 0; head < heads_; ++head) {
      if (scratch_.budget[head] == 0) continue;
      Beam& beam = scratch_.beams[head];
      const KeyId key = beam.next([&](KeyId id) { return scratch_.expanded.test(id); });
      if (key == no_key) continue;
      --scratch_.budget[head];
      scratch_.expanded.set(key);
      scratch_.named.push_back(key);
      prefetch_edges(key);
      beam.skip();
      if (beam.peek() != no_key) prefetch_edges(beam.peek());
    }
    for (const KeyId key : scratch_.named) expand(key);
    return !scratch_.named.empty();
  }

  void prefetch_edges(KeyId key) const noexcept {
    const auto slots = graph_.slots(key);
    for (std::size_t i = 0; i < slots.size(); i += cache_line / sizeof(KeyId)) __builtin_prefetch(&slots[i]);
  }

  void expand(KeyId key) {
    const auto neighbors = graph_.neighbors(key);
    ++stats_.nodes_expanded;
    stats_.bytes_read += neighbors.size_bytes();
    visit(neighbors);
  }

  void read_unseen() {
    const std::vector<KeyId>& unseen = scratch_.unseen;
    if (unseen.empty()) return;
    stats_.keys_scored += params_.counted == nullptr ? unseen.size() : params_.counted->set_new(unseen);
    stats_.bytes_read += unseen.size() * scorer_.keys().row_bytes();
    scratch_.scores.resize(heads_ * unseen.size());
    scratch_.positions.resize(unseen.size());
    scorer_.score(scratch_.queries, unseen, scratch_.rows, scratch_.scores.data(), unseen.size());
    for (std::size_t head = 0; head < heads_; ++head) {
      keep(scratch_.scores.data() + head * unseen.size(), scratch_.beams[head], scratch_.results[head]);
    }
    scratch_.unseen.clear();
  }

  // Most scores are below both thresholds: one vector pass finds the others.
  void keep(const float* scores, Beam& beam, TopK& results) {
    const std::vector<KeyId>& unseen = scratch_.unseen;
    const float threshold = results_are_beams_ ? beam.threshold() : std::min(beam.threshold(), results.threshold());
    const std::size_t kept =
        scorer_.kernels().select_above(scores, unseen.size(), threshold, scratch_.positions.data());
    for (std::size_t i = 0; i < kept; ++i) {
      const float score = scores[scratch_.positions[i]];
      const KeyId key = unseen[scratch_.positions[i]];
      if (score >= beam.threshold()) beam.insert(score, key);
      if (!results_are_beams_ && params_.offers(key)) results.push(score, key);
    }
  }

  void take_results_from_beams() {
    for (std::size_t head = 0; head < heads_; ++head) {
      const Beam& beam = scratch_.beams[head];
      for (std::size_t i = 0; i < std::min<std::size_t>(beam.size(), k_); ++i) {
        scratch_.results[head].push(beam[i].score, beam[i].id);
      }
    }
  }

  const Scorer& scorer_;
  const GraphView graph_;
  const WalkParams& params_;
  std::size_t heads_;
  std::size_t k_;
  bool results_are_beams_;  // every key may be returned and the beams keep at least k
  WalkScratch& scratch_;
  SearchStats stats_;
};

}  // namespace

SearchStats walk(const Scorer& scorer, const GraphView& graph, const WalkParams& params, std::uint32_t k,
                 WalkScratch& scratch) {
  return Walk(scorer, graph, params, k, scratch).run();
}

}  // namespace rattan
