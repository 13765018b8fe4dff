// The graph of one sealed segment: the stages of src/graph over the segment's keys, linked by the decode queries that
// came since the last seal. A seal has little time, so a segment has few links (GrowthParams), which make some four
// edges a key; the other slots are filled with the nearest keys. Measured: bench/EXPERIMENTS.md section 6.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/graph.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/types.h"

namespace rattan {

struct SegmentGraphParams {
  std::uint32_t links_k = 16;   // links per query row
  std::uint32_t queries = 512;  // rows that are linked at most: an even sample of those given
  GraphBuildParams graph;       // its executor is not used
};

// keys: [m, d], m >= 1; queries: [r, d] in any dtype. Where r is less than params.queries, keys of the segment stand in
// as queries. Ids count from the segment's first key; every key is reachable from the entry points. The same for any
// executor.
Graph make_segment_graph(MatrixView keys, MatrixView queries, Metric metric, const SegmentGraphParams& params,
                         Executor& executor);

}  // namespace rattan
