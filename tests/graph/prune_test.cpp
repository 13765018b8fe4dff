#include "graph/prune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "core/random.h"
#include "graph/project.h"
#include "tests/graph/cases.h"

namespace rattan {
namespace {

using test::edges_of;
using test::KeyLists;
using test::link_table;

EdgeTable projected(const test::GraphCase& c, std::uint32_t capacity) {
  EdgeTable edges(c.keys.view.rows, capacity);
  project(c.lists(), KeyGeometry(c.keys.view, serial_executor()), serial_executor(), edges);
  return edges;
}

// For each list and each of its keys but the first: the best-ranked member with an edge to it.
std::vector<std::uint32_t> naive_uses(const LinkLists& lists, const EdgeTable& edges) {
  std::vector<std::uint32_t> uses(edges.keys() * edges.capacity(), 0);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (std::size_t rank = 1; rank < lists[i].size(); ++rank) {
      const KeyId end = lists[i][rank];
      const auto list = lists[i];
      const auto from = std::find_if(list.begin(), list.end(), [&](KeyId id) { return edges.has(id, end); });
      if (from == list.end()) continue;
      const auto neighbors = edges[*from];
      const auto at = std::find(neighbors.begin(), neighbors.end(), end) - neighbors.begin();
      ++uses[edges.slot(*from) + static_cast<std::size_t>(at)];
    }
  }
  return uses;
}

KeyLists naive_prune(const EdgeTable& edges, const std::vector<std::uint32_t>& weights, std::uint32_t max_degree) {
  KeyLists kept(edges.keys());
  for (KeyId key = 0; key < edges.keys(); ++key) {
    std::vector<std::pair<std::uint32_t, KeyId>> order;  // (~weight, id)
    for (std::size_t i = 0; i < edges[key].size(); ++i) {
      order.emplace_back(~weights[edges.slot(key) + i], edges[key][i]);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), max_degree); ++i) {
      kept[key].push_back(order[i].second);
    }
  }
  return kept;
}

TEST(CountUses, AWalkInRankOrderCountsTheFirstEdgeToEachKey) {
  EdgeTable edges(5, 3);
  for (const auto& [from, to] : std::vector<std::pair<KeyId, KeyId>>{{0, 1}, {1, 2}, {0, 2}, {2, 0}, {3, 1}, {1, 4}}) {
    edges.add(from, to);
  }
  const NeighborTable table = link_table({{0, 1, 2}, {3, 2, 1}, {2, 0}});
  const auto uses = count_uses(LinkLists({&table, 1}, 5, 1), edges, serial_executor());
  // {0, 1, 2}: 0 -> 1, 0 -> 2. {3, 2, 1}: 3 -> 1, then 1 -> 2. {2, 0}: 2 -> 0. Key 4 is in no list.
  EXPECT_EQ(uses, (std::vector<std::uint32_t>{1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0}));
}

TEST(CountUses, AgreesWithTheNaiveCount) {
  for (const test::GraphCase& c : test::graph_cases(300)) {
    const EdgeTable edges = projected(c, 8);
    EXPECT_EQ(count_uses(c.lists(), edges, serial_executor()), naive_uses(c.lists(), edges)) << c.name;
  }
}

TEST(CountUses, IsTheSameForAnyNumberOfThreads) {
  for (const test::GraphCase& c : test::graph_cases(2500)) {
    const EdgeTable edges = projected(c, 8);
    const LinkLists lists = c.lists();
    const auto alone = count_uses(lists, edges, serial_executor());
    for (const unsigned threads : {2U, 4U, 16U}) {
      const auto executor = make_openmp_executor(threads);
      ASSERT_EQ(count_uses(lists, edges, *executor), alone) << c.name << ", " << threads;
    }
  }
}

TEST(CountUses, NoListsUseNothing) {
  EdgeTable edges(3, 2);
  edges.add(0, 1);
  EXPECT_EQ(count_uses(LinkLists({}, 3, 1), edges, serial_executor()), std::vector<std::uint32_t>(6, 0));
}

TEST(Prune, KeepsTheHeaviestFirstAndTiesToTheSmallerId) {
  EdgeTable edges(6, 5);
  for (const KeyId to : {5U, 4U, 3U, 2U, 1U}) edges.add(0, to);
  const std::vector<std::uint32_t> weights = [] {
    std::vector<std::uint32_t> all(30, 0);
    all[0] = 2;  // 5
    all[1] = 7;  // 4
    all[3] = 2;  // 2
    return all;
  }();
  EXPECT_EQ(edges_of(prune(edges, weights, 5, serial_executor()))[0], (std::vector<KeyId>{4, 2, 5, 1, 3}));
  EXPECT_EQ(edges_of(prune(edges, weights, 3, serial_executor()))[0], (std::vector<KeyId>{4, 2, 5}));
  EXPECT_EQ(edges_of(prune(edges, weights, 1, serial_executor()))[0], (std::vector<KeyId>{4}));
}

TEST(Prune, AgreesWithTheNaiveSort) {
  for (const test::GraphCase& c : test::graph_cases(300)) {
    const EdgeTable edges = projected(c, 12);
    const auto uses = count_uses(c.lists(), edges, serial_executor());
    for (const std::uint32_t max_degree : {1U, 2U, 6U, 12U, 40U}) {
      const Graph graph = prune(edges, uses, max_degree, serial_executor());
      EXPECT_EQ(edges_of(graph), naive_prune(edges, uses, max_degree)) << c.name << ", " << max_degree;
      test::expect_well_formed(edges_of(graph), max_degree);
      EXPECT_TRUE(graph.entry_points.empty());
    }
  }
}

// Weights as large as they get, and thousands of keys so that several tasks share the work.
TEST(Prune, IsTheSameForAnyNumberOfThreads) {
  const std::size_t keys = 5000;
  EdgeTable edges(keys, 6);
  std::vector<std::uint32_t> weights(keys * 6);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<std::uint32_t>(random_bits(1, i));
  for (KeyId key = 0; key < keys; ++key) {
    for (std::uint64_t i = 0; i < key % 8; ++i) {
      const auto to = static_cast<KeyId>(random_below(2, key * 8 + i, keys));
      if (to != key) edges.add(key, to);
    }
  }
  const Graph alone = prune(edges, weights, 4, serial_executor());
  EXPECT_EQ(edges_of(alone), naive_prune(edges, weights, 4));
  for (const unsigned threads : {2U, 4U, 16U}) {
    const auto executor = make_openmp_executor(threads);
    EXPECT_EQ(prune(edges, weights, 4, *executor), alone) << threads;
  }
}

TEST(Prune, MayHaveNoKeys) { EXPECT_EQ(prune(EdgeTable(0, 4), {}, 4, serial_executor()).keys(), 0U); }

}  // namespace
}  // namespace rattan
