// What a built graph looks like: degrees and reachability.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace rattan {

struct GraphAudit {
  std::uint64_t keys = 0;
  std::uint64_t edges = 0;
  std::uint32_t min_degree = 0;
  std::uint32_t max_degree = 0;
  std::uint64_t unreachable = 0;  // keys that no walk from the entry points can reach
  std::uint32_t depth = 0;        // edges on the longest shortest path from the entry points
};

GraphAudit audit(const Graph& graph);

// reached[key] = 1 if some path leads there from the entry points. `depth` may be null.
std::vector<std::uint8_t> reachable_keys(const Graph& graph, std::uint32_t* depth = nullptr);

// Extends `reached` by everything that `fronts` leads to (fronts are marked too); returns the number of rounds.
std::uint32_t spread(const Graph& graph, std::vector<KeyId> fronts, std::vector<std::uint8_t>& reached);

}  // namespace rattan
