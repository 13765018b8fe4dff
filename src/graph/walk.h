// Best-first search of the graph for the query heads of one KV head together.
//
// The heads walk in step: in each round every head that is not done names the best key of its beam that no head has
// expanded yet; the unseen neighbours of the named keys are read once and scored for all heads; each head's beam keeps
// its own best. A head is done when its whole beam is expanded or its expansions are used up. One row alone is the
// usual beam search. On trained heads the heads of a group together read 2 to 2.5 times fewer keys than apart
// (bench/EXPERIMENTS.md section 5).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/key_marks.h"
#include "core/top_k.h"
#include "graph/beam.h"
#include "graph/graph_view.h"
#include "rattan/results.h"
#include "scan/scorer.h"

namespace rattan {

struct WalkParams {
  std::uint32_t beam_width = 0;       // >= 1
  std::uint32_t expansions = 0;       // adjacency lists per row; 0: no limit but the beam
  std::span<const KeyId> start_keys;  // scored besides the entry points; ids < keys
  IdRange candidate_range;            // only these keys are offered to `results`,
  IdRange hidden = {0, 0};            // and of them none of these
  KeyMarks* counted = nullptr;  // set: a key that is marked is not counted as read, and those that are become marked
  KeyMarks* counted_codes = nullptr;       // the same for codes
  std::span<const float> row_widths = {};  // SearchParams::row_widths of the rows that walk; empty: 1 each

  // `width` of row `row`.
  std::uint32_t row_width(std::uint32_t width, std::size_t row) const noexcept {
    return row_widths.empty() ? width : scaled_width(width, row_widths[row]);
  }
  static std::uint32_t scaled_width(std::uint32_t width, float factor) noexcept {
    return static_cast<std::uint32_t>(std::clamp(std::round(double{factor} * width), 1.0, 4294967295.0));
  }

  bool offers(KeyId key) const noexcept { return candidate_range.contains(key) && !hidden.contains(key); }
  bool offers_all(std::size_t keys) const noexcept {
    return candidate_range.begin == 0 && candidate_range.end >= keys && hidden.begin >= hidden.end;
  }
};

// Buffers of a walk, which reuses them without allocating once they have grown.
struct WalkScratch {
  PreparedQueries queries;
  KeyMarks seen;
  KeyMarks expanded;
  std::vector<std::uint32_t> budget;
  std::vector<KeyId> named;
  std::vector<KeyId> unseen;
  std::vector<const void*> rows;
  std::vector<float> scores;
  std::vector<std::uint32_t> positions;
  std::vector<Beam> beams;
  std::vector<TopK> results;

  // Room for graphs of up to `keys` keys, of which a round of `heads` heads reads at most `round`.
  void reserve(std::size_t keys, std::size_t round, std::size_t heads) {
    seen.reserve(keys);
    expanded.reserve(keys);
    budget.reserve(heads);
    named.reserve(round);
    unseen.reserve(round);
    rows.reserve(round);
    positions.reserve(round);
    scores.reserve(heads * round);
  }
};

// Walks for the rows of scratch.queries (prepared by the caller with `scorer`). After it, scratch.results[i].sorted()
// has the `k` best keys of row i among those read that params offer. No key is scored twice; every score,
// entry points and start keys included, is in the counters.
SearchStats walk(const Scorer& scorer, const GraphView& graph, const WalkParams& params, std::uint32_t k,
                 WalkScratch& scratch);

}  // namespace rattan
