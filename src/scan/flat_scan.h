// One pass over consecutive keys for a whole group of queries: the bf16 flat scan that everything is compared with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/top_k.h"
#include "scan/scorer.h"

namespace rattan {

// Reusable between calls; one per thread.
struct FlatScratch {
  std::vector<const void*> rows;
  std::vector<float> scores;
  std::vector<std::uint32_t> positions;
};

// Scores every key of `range` (cut to the keys there are) once for all queries and pushes it into tops[q] for query q;
// tops.size() must be queries.count(). Tops keep what they held, so several ranges may follow one another. Scores that
// overflow to NaN are left out.
void flat_scan(const Scorer& scorer, const PreparedQueries& queries, IdRange range, std::span<TopK> tops,
               FlatScratch& scratch);

}  // namespace rattan
