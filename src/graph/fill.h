// Uses up the slots that a graph of few links leaves free.
#pragma once

#include "graph/graph.h"
#include "graph/key_geometry.h"
#include "rattan/executor.h"

namespace rattan {

// Every key's free slots take the keys nearest to it by geometry, nearest first, that are no edges of it yet. All pairs
// of keys are looked at: for graphs of some thousand keys. The result does not depend on the executor.
void fill_with_nearest(Graph& graph, const KeyGeometry& geometry, Executor& executor);

}  // namespace rattan
