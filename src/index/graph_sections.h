// A Graph inside an index file, shared by the kinds that hold one: the sections "degrees" and "edges".
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/graph.h"
#include "storage/container.h"

namespace rattan {

void add_edges(ContainerWriter& writer, const Graph& graph);

// A graph over exactly `rows` keys with `stride` slots each, without entry points. Throws Error(corrupt) for a degree
// above `stride`, an id that is no key, or sections of another size. Keys are in memory already, so rows * stride slots
// are no more than a constant times what the caller holds.
Graph read_edges(const Container& container, std::size_t rows, std::uint32_t stride);

}  // namespace rattan
