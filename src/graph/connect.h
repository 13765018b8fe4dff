// Makes every key reachable from the entry points.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "graph/key_geometry.h"
#include "rattan/executor.h"

namespace rattan {

// Keys in no link list have no edges, and pruning may cut the only edge to a key. In rounds over a frozen snapshot each
// island of unreached keys is hung, through one of its keys, on a reached key near it: one of that key's own neighbours
// if any is reached, else the nearest by geometry of an even sample of reached keys. An anchor without a free slot
// gives up its weakest one, whose end the island's key takes over, so nothing is cut off; the stride stays.
// Returns how many keys are still unreachable (0 but for strides of 1 or 2 and similar corners).
// The result does not depend on the executor.
std::uint64_t connect(Graph& graph, const KeyGeometry& geometry, Executor& executor);

}  // namespace rattan
