// Best-first search of the graph for the query heads of one KV head together.
//
// The heads walk in step: in each round every head that is not done names the best key of its beam that no head has
// expanded yet; the unseen neighbours of the named keys are read once and scored for all heads; each head's beam keeps
// its own best. A head is done when its whole beam is expanded or its expansions are used up. One row alone is the
// usual beam search. On trained heads the heads of a group together read 2 to 2.5 times fewer keys than apart
// (DESIGN.md section 8; ../shared/data/README.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/top_k.h"
#include "graph/beam.h"
#include "graph/graph.h"
#include "rattan/results.h"
#include "scan/scorer.h"

namespace rattan {

struct WalkParams {
  std::uint32_t beam_width = 0;  // >= 1
  std::uint32_t expansions = 0;  // adjacency lists per row; 0: no limit but the beam
  std::span<const KeyId> seeds;  // scored besides the entry points; ids < keys
  IdRange candidates;            // only these keys are offered to `results`
};

// One bit per key.
class KeyMarks {
 public:
  void reset(std::size_t keys) { words_.assign((keys + 63) / 64, 0); }
  bool test(KeyId key) const noexcept { return (words_[key >> 6] >> (key & 63) & 1U) != 0; }
  // Returns whether it was set before.
  bool set(KeyId key) noexcept {
    std::uint64_t& word = words_[key >> 6];
    const std::uint64_t bit = std::uint64_t{1} << (key & 63);
    const bool before = (word & bit) != 0;
    word |= bit;
    return before;
  }

 private:
  std::vector<std::uint64_t> words_;
};

// Buffers of a walk; a walk reuses them without allocating once they have grown.
struct WalkScratch {
  PreparedQueries queries;
  KeyMarks seen;
  KeyMarks expanded;
  std::vector<Beam> beams;
  std::vector<std::uint32_t> budget;
  std::vector<KeyId> named;
  std::vector<KeyId> unseen;
  std::vector<const void*> rows;
  std::vector<float> scores;
  std::vector<std::uint32_t> positions;
  std::vector<TopK> results;
};

// Walks for the rows of scratch.queries (prepared by the caller with `scorer`). After it, scratch.results[i].sorted()
// has the `k` best keys of row i among those read that lie in params.candidates. No key is scored twice; every score,
// entry points and seeds included, is in the counters.
SearchStats walk(const Scorer& scorer, const Graph& graph, const WalkParams& params, std::uint32_t k,
                 WalkScratch& scratch);

}  // namespace rattan
