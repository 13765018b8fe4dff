// Key sets with their training links that the graph's tests share, and plain checks of adjacency.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/edge_table.h"
#include "graph/graph.h"
#include "graph/link_lists.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

namespace rattan::test {

using KeyLists = std::vector<std::vector<KeyId>>;

// One row per list, best first; rows shorter than the longest end in no_key.
NeighborTable link_table(const KeyLists& lists);

// `rows` lists of `k` distinct keys each; k <= keys.
KeyLists random_lists(std::size_t rows, std::size_t k, std::size_t keys, std::uint64_t seed);

struct GraphCase {
  std::string name;
  SharedMatrix keys;
  std::vector<NeighborTable> links;

  LinkLists lists(std::uint64_t seed = 1) const { return {links, keys.view.rows, seed}; }
};

// A plain set and what has broken other graphs: duplicates (FAULTS D4), far clusters (D5), zero vectors (D3), links
// over few keys or from one query, one key in every list. `keys` >= 64; about 1.5 * keys lists where nothing else is
// said.
std::vector<GraphCase> graph_cases(std::size_t keys);

// Queries around a centre far from the keys, as attention heads have them.
struct OutOfDistribution {
  SharedMatrix keys;
  std::vector<SharedMatrix> queries;  // one matrix per query head
};
OutOfDistribution out_of_distribution(std::size_t keys, std::size_t dim, std::size_t rows, std::size_t heads,
                                      std::uint64_t seed, DType dtype = DType::f32);

// Each key with the edges of its list; the degrees are the lists' lengths.
Graph make_graph(const KeyLists& edges, std::vector<KeyId> entry_points);

// `degree` random edges per key (fewer where a draw repeats), no self-edges.
Graph random_graph(std::size_t keys, std::uint32_t degree, std::vector<KeyId> entry_points, std::uint64_t seed);

KeyLists edges_of(const Graph& graph);
KeyLists edges_of(const EdgeTable& table);

// Fails the calling test unless every key has at most `max_degree` edges, all to other keys and none twice.
void expect_well_formed(const KeyLists& edges, std::size_t max_degree);

// Edges of the shortest path from the entry points to every key; no_key where there is none.
std::vector<std::uint32_t> naive_depths(const Graph& graph);
std::size_t naive_unreachable(const Graph& graph);

// Number of parts that the keys of `list` form under edges among them, in either direction.
std::size_t parts_of(std::span<const KeyId> list, const KeyLists& edges);

}  // namespace rattan::test
