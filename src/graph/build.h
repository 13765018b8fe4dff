// Links -> lists -> edges -> Graph: the stages in order.
#pragma once

#include <cstdint>
#include <span>

#include "graph/graph.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"

namespace rattan {

// See build_graph in rattan/index.h. `stats` may be null.
Graph build_graph_edges(MatrixView keys, std::span<const NeighborTable> links, const GraphBuildParams& params,
                        BuildStats* stats);

}  // namespace rattan
