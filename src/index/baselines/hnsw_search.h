// hnswlib's search over extracted layers: greedy descent through the upper layers, then a walk with a beam on the
// lowest one. The walk is the library's own (graph/walk.h), which on a graph without entry points is hnswlib's: same
// keys, but the neighbours of a node are scored in one kernel call instead of one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/walk.h"
#include "index/baselines/hnsw_layers.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"

namespace rattan {

// Reusable between searches; one per thread.
struct HnswScratch {
  WalkScratch walk;
  std::vector<KeyId> descent;  // keys read on upper layers
  std::vector<KeyId> starts;   // of the walk
  FlatScratch flat;
};

// Searches for the one query that scratch.walk.queries holds; the params.k best keys among params.candidate_range end
// in scratch.walk.results[0]. Every scored key can become a result, also where beam_width < k. `layers` are not empty.
// Returns the cost: keys_scored counts a key once that both the descent and the walk read, bytes_read twice.
SearchStats search_hnsw(const HnswLayers& layers, const Scorer& scorer, const SearchParams& params,
                        std::uint32_t beam_width, HnswScratch& scratch);

}  // namespace rattan
