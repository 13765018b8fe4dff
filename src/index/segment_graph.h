// The graph of one sealed segment: the stages of src/graph over the segment's keys, linked by the decode queries that
// were noted meanwhile. A seal has little time, so a segment has few links (two query rows a key, against four in a
// prefill): they make some four edges a key, and the other slots are filled with the nearest keys.
//
// Measured (trained 23M, bf16, 16,256 keys and 8,192 appended, k = 100, beam 200, against a graph built anew over all):
//   segments of 1,024, half a row a key with 32 links, 32 entry points, layers 0 and 4 (anew 0.952, 0.958): links alone
//     0.929 and 0.911, filled 0.942 and 0.947; four rows a key with links alone 0.941 and 0.946, at six times the cost
//   12 heads, filled, half a row a key with 16 links, 64 entry points: segments of 1,024 -0.021 to 0.014, mean -0.004;
//     segments of 2,048 -0.017 to 0.022, mean 0.001; both 7 us of CPU time a key
//   12 heads, segments of 2,048, filled, 16 links, 128 entry points: one row a key -0.007 to 0.026, 9 us; two rows
//   -0.005
//     to 0.027, 14 us. Two synthetic heads of that size: one row -0.014 and -0.012, two -0.008 and -0.008
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
  std::uint32_t queries = 512;  // rows that are linked at most: an even sample of those noted
  GraphBuildParams graph;       // its executor is not used
};

// keys: [m, d], m >= 1; queries: [r, d] in any dtype. Where r is less than params.queries, keys of the segment stand in
// as queries. Ids count from the segment's first key; every key is reachable from the entry points. The same for any
// executor.
Graph make_segment_graph(MatrixView keys, MatrixView queries, Metric metric, const SegmentGraphParams& params,
                         Executor& executor);

}  // namespace rattan
