// The only place where edges are dropped: each key keeps its most used ones.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/edge_table.h"
#include "graph/graph.h"
#include "graph/link_lists.h"
#include "rattan/executor.h"

namespace rattan {

// For every edge, in how many lists a walk in rank order would find its end first through it: a key of the list counts
// for the edge from the best-ranked member that points at it. Laid out beside the table: uses[edges.slot(key) + i].
std::vector<std::uint32_t> count_uses(const LinkLists& lists, const EdgeTable& edges, Executor& executor);

// Keeps the `max_degree` edges of highest weight of each key, strongest first, ties to the smaller id. `weights` is
// laid out like count_uses(). The graph has no entry points yet. Keys and max_degree decide, not the executor.
//
// Measured (trained 23M, layer 1 KV 0, keys read per query head at 0.95): projected to 64 edges and pruned by use to 16
// 2.62 %, projected to 16 at once 2.90 %.
Graph prune(const EdgeTable& edges, const std::vector<std::uint32_t>& weights, std::uint32_t max_degree,
            Executor& executor);

}  // namespace rattan
