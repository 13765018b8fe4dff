// The graph of one sealed block: the stages of src/graph over the block's keys, linked by the decode queries that were
// noted meanwhile.
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
  std::uint32_t link_k = 32;    // links per query row
  std::uint32_t queries = 512;  // rows that are linked at most: an even sample of those noted
  GraphBuildParams graph;       // its executor is not used
};

// keys: [m, d], m >= 1; queries: [r, d] in any dtype. Where r is less than params.queries, keys of the block stand in
// as queries. Ids count from the block's first key; every key is reachable from the entry points. The same for any
// executor.
Graph make_block_graph(MatrixView keys, MatrixView queries, Metric metric, const BlockGraphParams& params,
                       Executor& executor);

}  // namespace rattan
