#include "graph/code_walk.h"

#include <algorithm>
#include <limits>

namespace rattan {
namespace {

// Keys that a head names per round. One to four read the same number of keys for the same recall; four make a quarter
// of the rounds.
constexpr std::size_t named_at_once = 4;

class CodeWalk {
 public:
  CodeWalk(const Scorer& keys, const CodeScorer& codes, const GraphView& graph, const WalkParams& params,
           std::uint32_t rerank, std::uint32_t k, CodeWalkScratch& scratch)
      : keys_(keys),
        codes_(codes),
        graph_(graph),
        params_(params),
        heads_(scratch.queries.count()),
        rerank_(rerank),
        k_(k),
        offers_beams_(params.offers_all(graph.keys())),
        scratch_(scratch) {
    scratch_.seen.reset(graph.keys());
    scratch_.expanded.reset(graph.keys());
    for (std::size_t head = 0; head < heads_; ++head) offers_beams_ &= rerank_of(head) == beam_width_of(head);
    reset(scratch_.code_beams, [&](std::size_t head) { return beam_width_of(head); });
    if (!offers_beams_) reset(scratch_.offered, [&](std::size_t head) { return rerank_of(head); });
    const bool unlimited = params.expansions == 0;
    scratch_.budget.assign(heads_, unlimited ? std::numeric_limits<std::uint32_t>::max() : params.expansions);
    scratch_.unseen.clear();
  }

  SearchStats run() {
    visit(graph_.base_entry_points());
    visit(graph_.grown_entry_points());
    visit(params_.start_keys);
    read_unseen();
    // The keys named in a round are chosen before the last round's finds are scored.
    for (bool walking = true; walking;) {
      name_keys();
      if (codes_.codes().parts() > 1) std::ranges::sort(scratch_.named);
      walking = !scratch_.named.empty() || !scratch_.unseen.empty();
      read_unseen();
      for (const KeyId key : scratch_.named) expand(key);
    }
    read_in_full();
    return stats_;
  }

 private:
  std::uint32_t beam_width_of(std::size_t head) const { return params_.row_width(params_.beam_width, head); }
  std::uint32_t rerank_of(std::size_t head) const { return std::max(k_, params_.row_width(rerank_, head)); }

  template <typename WidthOf>
  void reset(std::vector<BucketBeam>& beams, const WidthOf& width_of) const {
    beams.resize(heads_);
    const PreparedCodeQueries& queries = scratch_.code_queries;
    for (std::size_t head = 0; head < heads_; ++head) {
      beams[head].reset(width_of(head), queries.lowest(head), queries.highest(head));
    }
  }

  // Whether a key was seen is a coin toss to the branch predictor: every key is stored, the count moves for new ones.
  void visit(std::span<const KeyId> keys) {
    std::vector<KeyId>& unseen = scratch_.unseen;
    const std::size_t before = unseen.size();
    unseen.resize(before + keys.size());
    std::size_t count = before;
    for (const KeyId key : keys) {
      unseen[count] = key;
      count += static_cast<std::size_t>(!scratch_.seen.set(key));
    }
    unseen.resize(count);
    for (std::size_t i = before; i < count; ++i) prefetch(codes_.codes().row(unseen[i]), codes_.codes().row_bytes());
  }

  static void prefetch(const void* at, std::size_t bytes) noexcept {
    for (std::size_t offset = 0; offset < bytes; offset += cache_line) {
      __builtin_prefetch(static_cast<const std::byte*>(at) + offset, 0, 2);
    }
  }

  void name_keys() {
    scratch_.named.clear();
    for (std::size_t head = 0; head < heads_; ++head) {
      for (std::size_t i = 0; i < named_at_once && scratch_.budget[head] != 0;) {
        const KeyId key = scratch_.code_beams[head].take_best();
        if (key == no_key) break;
        if (scratch_.expanded.set(key)) continue;
        ++i;
        --scratch_.budget[head];
        scratch_.named.push_back(key);
        prefetch(graph_.slots(key).data(), graph_.slots(key).size_bytes());
      }
    }
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
    const std::size_t count = unseen.size();
    stats_.codes_scored += params_.counted_codes == nullptr ? count : params_.counted_codes->set_new(unseen);
    stats_.code_bytes += count * codes_.codes().row_bytes();
    scratch_.scores.resize(heads_ * count);
    scratch_.positions.resize(count);
    codes_.score(scratch_.code_queries, unseen, scratch_.rows, scratch_.scores.data(), count);
    for (std::size_t head = 0; head < heads_; ++head) keep(head, scratch_.scores.data() + head * count);
    scratch_.unseen.clear();
  }

  void keep(std::size_t head, const float* scores) {
    const std::vector<KeyId>& unseen = scratch_.unseen;
    BucketBeam& beam = scratch_.code_beams[head];
    const float threshold =
        offers_beams_ ? beam.threshold() : std::min(beam.threshold(), scratch_.offered[head].threshold());
    const std::size_t kept = codes_.kernels().select_above(scores, unseen.size(), threshold, scratch_.positions.data());
    for (std::size_t i = 0; i < kept; ++i) {
      const float score = scores[scratch_.positions[i]];
      const KeyId key = unseen[scratch_.positions[i]];
      beam.add(score, key);
      if (!offers_beams_ && params_.offers(key)) scratch_.offered[head].add(score, key);
    }
    beam.settle();
    if (!offers_beams_) scratch_.offered[head].settle();
  }

  // The best of every row by code, and the keys of which codes say nothing, read once for all rows.
  void read_in_full() {
    scratch_.rerank.start(keys_);
    const std::vector<BucketBeam>& beams = offers_beams_ ? scratch_.code_beams : scratch_.offered;
    for (std::size_t head = 0; head < heads_; ++head) scratch_.rerank.add_kept(beams[head], rerank_of(head));
    codes_.codes().each_outlier(params_.candidate_range, [&](KeyId key) {
      if (params_.offers(key)) scratch_.rerank.add(key);
    });
    const std::size_t read = scratch_.rerank.finish(scratch_.queries, k_, scratch_.results);
    stats_.keys_scored = params_.counted == nullptr ? read : params_.counted->set_new(scratch_.rerank.keys());
    stats_.bytes_read += stats_.code_bytes + read * keys_.keys().row_bytes();
  }

  const Scorer& keys_;
  const CodeScorer& codes_;
  const GraphView graph_;
  const WalkParams& params_;
  std::size_t heads_;
  std::uint32_t rerank_;
  std::uint32_t k_;
  bool offers_beams_;
  CodeWalkScratch& scratch_;
  SearchStats stats_;
};

}  // namespace

SearchStats code_walk(const Scorer& keys, const CodeScorer& codes, const GraphView& graph, const WalkParams& params,
                      std::uint32_t rerank, std::uint32_t k, CodeWalkScratch& scratch) {
  return CodeWalk(keys, codes, graph, params, std::max(rerank, k), k, scratch).run();
}

}  // namespace rattan
