// The graph of one sealed block: the stages of src/graph over the block's keys, linked by the decode queries that were
// noted meanwhile. A seal has little time, so a block has few links (half a query row a key, against four in a
// prefill): they make four edges a key, and the other slots are filled with the nearest keys.
//
// Measured (trained 23M, 16,256 keys and 8,192 appended in blocks of 1,024, beam 200, k = 100): recall of layers 0 and
// 4 with 32 entry points 0.929 and 0.911 with links alone, 0.942 and 0.947 filled; with 64 entry points 0.945 and 0.950
// filled; built anew over all keys 0.952 and 0.958. Twice the links, or twice as long ones, give 0.002 at most.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/graph.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/types.h"

namespace rattan {

struct BlockGraphParams {
  std::uint32_t link_k = 16;    // links per query row
  std::uint32_t queries = 512;  // rows that are linked at most: an even sample of those noted
  GraphBuildParams graph;       // its executor is not used
};

// keys: [m, d], m >= 1; queries: [r, d] in any dtype. Where r is less than params.queries, keys of the block stand in
// as queries. Ids count from the block's first key; every key is reachable from the entry points. The same for any
// executor.
Graph make_block_graph(MatrixView keys, MatrixView queries, Metric metric, const BlockGraphParams& params,
                       Executor& executor);

}  // namespace rattan
