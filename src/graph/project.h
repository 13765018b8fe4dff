// Links -> edges. Every list of keys that one query retrieves becomes connected by as few edges as possible, so that a
// walk that finds one of a query's keys can reach the others.
//
// Rationale. The paper takes RoarGraph's projection: a query's links are hung on its top-1 key, pruned by occlusion and
// repaired by a beam search from every key. Queries retrieve *sets*, and what a walk needs is that the set hangs
// together. So lists are the unit here: for each list, in batches over a frozen snapshot, the components that the
// list's keys form under the edges so far are joined by a minimum spanning tree of component-to-component edges (Prim
// over the cosine of the centred keys; keys whose table is full count as farther). An edge serves every list that holds
// both its ends, so later lists need few new ones. No pivot, no occlusion rule, no beam search while building.
//
// Keys read per query head at recall@100 0.95, group walk with start keys (trained 23M, 64,896 keys, links of 64 keys
// from every second prefill query of four heads, prototypes of 2026-11-23):
//   layer 2 KV 0: co-retrieval edges alone 0.21 recall (islands); co-retrieval + projection + connect 1.9 % at 0.938;
//                 co-retrieval + list repair 2.2 %; this projection 1.7 %.
//   layer 1 KV 0: co-retrieval + projection + connect 2.4 % at 0.930; co-retrieval + list repair 3.9 %;
//                 this projection 2.9 %, with prune() by use 2.6 %, and with centred cosine instead of L2 2.3 %.
#pragma once

#include <cstdint>

#include "graph/edge_table.h"
#include "graph/key_geometry.h"
#include "graph/link_lists.h"
#include "rattan/executor.h"

namespace rattan {

// Adds edges, both ways wherever there is room, until every list is connected or its parts have no key with room.
// The result depends on lists, geometry and capacity alone, not on the executor.
void project(const LinkLists& lists, const KeyGeometry& geometry, Executor& executor, EdgeTable& edges);

}  // namespace rattan
