// One group's search over a base, the sealed segments behind it and the tail.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/code_walk.h"
#include "graph/graph_view.h"
#include "graph/walk.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "scan/code_scan.h"
#include "scan/flat_scan.h"
#include "scan/rerank.h"
#include "scan/scorer.h"

namespace rattan {

// What one search may touch. Ids are rows of `keys`: the base's, the sealed ones behind them, then the tail.
struct GrowingRows {
  Scorer scorer;                      // over all visible keys
  std::size_t sealed = 0;             // base and segments
  IdRange hidden = {0, 0};            // keys of the base that were truncated
  const GraphView* graph = nullptr;   // over the sealed keys; null: the base is no graph
  const SplitCodes* codes = nullptr;  // of the sealed keys; null: there are none
  std::size_t capacity = 0;           // keys there may ever be
};

// Buffers of a search; they grow once. What was found lies in them until the next search.
struct GrowingScratch {
  WalkScratch walk;
  CodeWalkScratch code_walk;
  CodeScanScratch code_scan;
  FlatScratch flat;
  PreparedCodeQueries code_queries;
  std::vector<BucketBeam> beams;
  Rerank rerank;
  std::vector<KeyId> seeds;

  std::vector<TopK>* found = nullptr;  // one per row, of the search's kind
  std::vector<KeyId> ids;              // rows of k
  std::vector<float> scores;
  std::vector<std::size_t> counts;  // of ids per row
  std::size_t k = 0;
};

// queries: [1..8, d]; params' candidates and seeds are rows of `keys`, those of seeds sealed ones. Leaves the k best
// keys of each row among the sealed keys (as their kind finds them) and the tail (exactly) in *scratch.found.
SearchStats search_growing(const GrowingRows& rows, MatrixView queries, const SearchParams& params,
                           GrowingScratch& scratch);

}  // namespace rattan
