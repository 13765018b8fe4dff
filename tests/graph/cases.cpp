#include "tests/graph/cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "core/random.h"
#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t case_dim = 8;
constexpr std::uint32_t case_links = 16;

NeighborTable exact_links(const SharedMatrix& queries, const SharedMatrix& keys) {
  const auto k = static_cast<std::uint32_t>(std::min<std::size_t>(case_links, keys.view.rows));
  return make_exact_topk_cpu(&serial_executor())->find(queries.view, keys.view, k, Metric::inner_product);
}

std::vector<NeighborTable> two_heads(const SharedMatrix& keys) {
  std::vector<NeighborTable> tables;
  for (const std::uint64_t seed : {101U, 102U}) {
    tables.push_back(exact_links(random_matrix(keys.view.rows * 3 / 4, keys.view.cols, seed), keys));
  }
  return tables;
}

GraphCase with_links(std::string name, SharedMatrix keys) {
  std::vector<NeighborTable> links = two_heads(keys);
  return {std::move(name), std::move(keys), std::move(links)};
}

// Rows `begin`.. become copies of row `begin`.
SharedMatrix with_copies(SharedMatrix keys, std::size_t begin) {
  for (std::size_t row = begin + 1; row < keys.view.rows; ++row) {
    for (std::size_t col = 0; col < keys.view.cols; ++col) {
      set_element(keys, row, col, static_cast<float>(element(keys.view, begin, col)));
    }
  }
  return keys;
}

SharedMatrix far_clusters(std::size_t keys) {
  SharedMatrix matrix = random_matrix(keys, case_dim, 5);
  for (std::size_t row = 0; row < keys; ++row) {
    const bool far = row >= keys / 2;
    for (std::size_t col = 0; col < case_dim; ++col) {
      const double value = element(matrix.view, row, col);
      set_element(matrix, row, col, static_cast<float>(far ? value + 1000.0 : value * 1e-3));
    }
  }
  return matrix;
}

SharedMatrix zeros(std::size_t keys) { return make_matrix(std::vector<float>(keys * case_dim, 0.0F), keys, case_dim); }

// Every list holds key 0 and random others.
NeighborTable hub_links(std::size_t keys) {
  KeyLists lists = random_lists(keys, case_links, keys, 7);
  for (auto& list : lists) {
    const auto hub = std::find(list.begin(), list.end(), KeyId{0});
    if (hub == list.end()) {
      list.back() = 0;
    }
  }
  return link_table(lists);
}

NeighborTable ragged_links(std::size_t keys) {
  KeyLists lists = random_lists(keys, case_links, keys, 8);
  for (std::size_t i = 0; i < lists.size(); ++i) lists[i].resize(i % (case_links + 1));
  return link_table(lists);
}

}  // namespace

NeighborTable link_table(const KeyLists& lists) {
  std::size_t longest = 0;
  for (const auto& list : lists) longest = std::max(longest, list.size());
  NeighborTable table(lists.size(), longest);
  for (std::size_t row = 0; row < lists.size(); ++row) {
    for (std::size_t i = 0; i < lists[row].size(); ++i) {
      table.ids(row)[i] = lists[row][i];
      table.scores(row)[i] = -static_cast<float>(i);
    }
  }
  return table;
}

KeyLists random_lists(std::size_t rows, std::size_t k, std::size_t keys, std::uint64_t seed) {
  KeyLists lists(rows);
  std::uint64_t draw = 0;
  for (auto& list : lists) {
    while (list.size() < k) {
      const auto id = static_cast<KeyId>(random_below(seed, draw++, keys));
      if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
    }
  }
  return lists;
}

std::vector<GraphCase> graph_cases(std::size_t keys) {
  const SharedMatrix plain = random_matrix(keys, case_dim, 1);
  const OutOfDistribution heads = out_of_distribution(keys, case_dim, keys, 2, 2);
  std::vector<GraphCase> cases;
  cases.push_back(with_links("plain", plain));
  cases.push_back({"out of distribution", heads.keys, {}});
  for (const SharedMatrix& queries : heads.queries) cases.back().links.push_back(exact_links(queries, heads.keys));
  cases.push_back(with_links("all keys equal (D4)", with_copies(random_matrix(keys, case_dim, 3), 0)));
  cases.push_back(with_links("half of the keys equal (D4)", with_copies(random_matrix(keys, case_dim, 4), keys / 2)));
  cases.push_back(with_links("two far clusters (D5)", far_clusters(keys)));
  cases.push_back(with_links("zero vectors (D3)", zeros(keys)));
  cases.push_back({"random links", plain, {link_table(random_lists(keys, case_links, keys, 6))}});
  cases.push_back({"links over 20 keys", plain, {link_table(random_lists(keys, case_links, 20, 6))}});
  cases.push_back({"links of one query", plain, {exact_links(random_matrix(1, case_dim, 9), plain)}});
  cases.push_back({"one key in every list", plain, {hub_links(keys)}});
  cases.push_back({"ragged lists", plain, {ragged_links(keys)}});
  return cases;
}

OutOfDistribution out_of_distribution(std::size_t keys, std::size_t dim, std::size_t rows, std::size_t heads,
                                      std::uint64_t seed, DType dtype) {
  OutOfDistribution result{random_matrix(keys, dim, random_stream(seed, 0), dtype), {}};
  for (std::size_t head = 0; head < heads; ++head) {
    SharedMatrix queries = random_matrix(rows, dim, random_stream(seed, head + 1), dtype);
    for (std::size_t row = 0; row < rows; ++row) {
      // Off centre in the first quarter of the dims, narrow there, wide elsewhere.
      for (std::size_t col = 0; col < dim / 4; ++col) {
        const double centre = 3.0 * random_normal(random_stream(seed, 100 + head), col);
        set_element(queries, row, col, static_cast<float>(centre + 0.3 * element(queries.view, row, col)));
      }
    }
    result.queries.push_back(queries);
  }
  return result;
}

Graph make_graph(const KeyLists& edges, std::vector<KeyId> entry_points) {
  Graph graph{std::span<const std::vector<KeyId>>(edges)};
  graph.entry_points = std::move(entry_points);
  return graph;
}

Graph random_graph(std::size_t keys, std::uint32_t degree, std::vector<KeyId> entry_points, std::uint64_t seed) {
  KeyLists edges(keys);
  for (std::size_t key = 0; key < keys; ++key) {
    for (std::uint32_t i = 0; i < degree; ++i) {
      const auto to = static_cast<KeyId>(random_below(seed, key * degree + i, keys));
      auto& list = edges[key];
      if (to != key && std::find(list.begin(), list.end(), to) == list.end()) list.push_back(to);
    }
  }
  return make_graph(edges, std::move(entry_points));
}

KeyLists edges_of(const Graph& graph) {
  KeyLists edges(graph.keys());
  for (KeyId key = 0; key < graph.keys(); ++key) {
    const auto neighbors = graph.neighbors(key);
    edges[key].assign(neighbors.begin(), neighbors.end());
  }
  return edges;
}

KeyLists edges_of(const EdgeTable& table) {
  KeyLists edges(table.keys());
  for (KeyId key = 0; key < table.keys(); ++key) edges[key].assign(table[key].begin(), table[key].end());
  return edges;
}

void expect_well_formed(const KeyLists& edges, std::size_t max_degree) {
  for (std::size_t key = 0; key < edges.size(); ++key) {
    ASSERT_LE(edges[key].size(), max_degree) << "key " << key;
    std::set<KeyId> ends;
    for (const KeyId to : edges[key]) {
      ASSERT_LT(to, edges.size()) << "key " << key;
      ASSERT_NE(to, key) << "an edge to itself";
      ASSERT_TRUE(ends.insert(to).second) << "key " << key << " has two edges to " << to;
    }
  }
}

std::vector<std::uint32_t> naive_depths(const Graph& graph) {
  std::vector<std::uint32_t> depths(graph.keys(), no_key);
  std::deque<KeyId> pending;
  for (const KeyId key : graph.entry_points) {
    if (depths[key] == no_key) pending.push_back(key);
    depths[key] = 0;
  }
  for (; !pending.empty(); pending.pop_front()) {
    const KeyId from = pending.front();
    for (const KeyId to : graph.neighbors(from)) {
      if (depths[to] != no_key) continue;
      depths[to] = depths[from] + 1;
      pending.push_back(to);
    }
  }
  return depths;
}

std::size_t naive_unreachable(const Graph& graph) {
  const std::vector<std::uint32_t> depths = naive_depths(graph);
  return static_cast<std::size_t>(std::count(depths.begin(), depths.end(), no_key));
}

std::size_t parts_of(std::span<const KeyId> list, const KeyLists& edges) {
  std::map<KeyId, KeyId> parent;
  for (const KeyId id : list) parent[id] = id;
  const auto root = [&](KeyId id) {
    while (parent[id] != id) id = parent[id];
    return id;
  };
  std::size_t parts = list.size();
  for (const KeyId from : list) {
    for (const KeyId to : edges[from]) {
      if (!parent.contains(to)) continue;
      const KeyId a = root(from);
      const KeyId b = root(to);
      if (a == b) continue;
      parent[b] = a;
      --parts;
    }
  }
  return parts;
}

}  // namespace rattan::test
