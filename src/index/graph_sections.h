// A Graph inside an index file, shared by the kinds that hold one: the sections "shape" (slots per key), "degrees",
// "edges" and "entry_points".
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/graph.h"
#include "storage/container.h"

namespace rattan {

void add_graph(ContainerWriter& writer, const Graph& graph);

// Throws Error(corrupt) unless the sections describe a graph over exactly `rows` keys with 1 to `max_stride` slots each
// whose every id is a key. rows * stride slots are
// allocated: at most max_stride per key, and the keys are in memory already.
Graph read_graph(const Container& container, std::size_t rows, std::uint32_t max_stride);

}  // namespace rattan
