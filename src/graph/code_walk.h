// The group walk of walk.h over codes: neighbours are scored by code, and only the best of each row are read in full.
//
// Measured on trained heads (65,536 keys, d = 128, 4 bits): recall within 0.003 of the walk over keys with the same
// beam, 40 % of its bytes, half of its time. Three things make the time (figures: bench/EXPERIMENTS.md section 1):
// beams are buckets; each head names several keys a round, which reads no more keys and makes longer lists; and a round
// names keys before it scores those that the last round found, so that edges and codes are on their way while others
// are multiplied.
#pragma once

#include <cstdint>
#include <vector>

#include "core/key_marks.h"
#include "core/top_k.h"
#include "graph/graph_view.h"
#include "graph/walk.h"
#include "rattan/results.h"
#include "scan/bucket_beam.h"
#include "scan/code_scorer.h"
#include "scan/rerank.h"
#include "scan/scorer.h"

namespace rattan {

// Serves walks over keys too.
struct CodeWalkScratch : WalkScratch {
  PreparedCodeQueries code_queries;
  std::vector<BucketBeam> code_beams;
  std::vector<BucketBeam> offered;  // used where results are not the beams: a range of candidates, or another width
  Rerank rerank;
};

// Walks for the rows of scratch.queries and scratch.code_queries (prepared by the caller). After it,
// scratch.results[i].sorted() has the `k` best keys of row i by exact score, among the `rerank` >= k best by code (and
// ties; by row: times params.row_widths) of each row and the outliers of the codes, those that params offer only. No
// key is scored twice. The counters tell codes from keys read in full.
SearchStats code_walk(const Scorer& keys, const CodeScorer& codes, const GraphView& graph, const WalkParams& params,
                      std::uint32_t rerank, std::uint32_t k, CodeWalkScratch& scratch);

}  // namespace rattan
