// One pass over the 4-bit codes of consecutive keys for a whole group of queries: flat_scan.h at a quarter of the
// bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rattan/types.h"
#include "scan/bucket_beam.h"
#include "scan/code_scorer.h"

namespace rattan {

// Reusable between calls; one per thread.
struct CodeScanScratch {
  std::vector<float> scores;
  std::vector<std::uint32_t> positions;
};

// Scores the codes (CodeLayout::blocks4) of every key of `range`, cut to the keys there are, once for all queries and
// inserts them into beams[q] for query q; beams.size() must be queries.count(). Beams keep what they held.
void code_scan(const CodeScorer& scorer, const PreparedCodeQueries& queries, IdRange range, std::span<BucketBeam> beams,
               CodeScanScratch& scratch);

}  // namespace rattan
