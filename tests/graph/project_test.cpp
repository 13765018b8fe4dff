#include "graph/project.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "tests/graph/cases.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::edges_of;
using test::KeyLists;
using test::link_table;

EdgeTable projected(const LinkLists& lists, const MatrixView& keys, std::uint32_t capacity,
                    Executor& executor = serial_executor()) {
  EdgeTable edges(lists.keys(), capacity);
  project(lists, KeyGeometry(keys, serial_executor()), executor, edges);
  return edges;
}

KeyLists projected(const KeyLists& lists, const MatrixView& keys, std::uint32_t capacity) {
  const NeighborTable table = link_table(lists);
  return edges_of(projected(LinkLists({&table, 1}, keys.rows, 1), keys, capacity));
}

std::size_t edge_count(const KeyLists& edges) {
  return std::accumulate(edges.begin(), edges.end(), std::size_t{0},
                         [](std::size_t sum, const auto& list) { return sum + list.size(); });
}

TEST(Project, ConnectsEveryListWhereThereIsRoom) {
  for (const test::GraphCase& c : test::graph_cases(400)) {
    SCOPED_TRACE(c.name);
    const LinkLists lists = c.lists();
    const KeyLists edges = edges_of(projected(lists, c.keys.view, 400));
    test::expect_well_formed(edges, 400);
    for (std::size_t i = 0; i < lists.size(); ++i) ASSERT_EQ(test::parts_of(lists[i], edges), 1U) << "list " << i;
  }
}

// Two parts of a list could always be joined through a key that has room, in that key's direction.
TEST(Project, AListStaysApartOnlyWhereItsKeysAreFull) {
  for (const std::uint32_t capacity : {1U, 2U, 4U, 8U}) {
    for (const test::GraphCase& c : test::graph_cases(400)) {
      SCOPED_TRACE(testing::Message() << c.name << ", capacity " << capacity);
      const LinkLists lists = c.lists();
      const EdgeTable table = projected(lists, c.keys.view, capacity);
      const KeyLists edges = edges_of(table);
      test::expect_well_formed(edges, capacity);
      for (std::size_t i = 0; i < lists.size(); ++i) {
        if (test::parts_of(lists[i], edges) == 1) continue;
        const auto list = lists[i];
        const auto roomy = std::count_if(list.begin(), list.end(), [&](KeyId id) { return !table.full(id); });
        ASSERT_EQ(roomy, 0) << "list " << i << " of " << list.size() << " keys";
      }
    }
  }
}

TEST(Project, EdgesRunBothWaysWhereThereIsRoom) {
  for (const std::uint32_t capacity : {3U, 32U}) {
    for (const test::GraphCase& c : test::graph_cases(400)) {
      const EdgeTable table = projected(c.lists(), c.keys.view, capacity);
      for (KeyId from = 0; from < table.keys(); ++from) {
        for (const KeyId to : table[from]) {
          ASSERT_TRUE(table.has(to, from) || table.full(to)) << c.name << ": " << from << " -> " << to;
        }
      }
    }
  }
}

TEST(Project, JoinsOnlyKeysThatAQueryRetrievesTogether) {
  for (const test::GraphCase& c : test::graph_cases(400)) {
    const LinkLists lists = c.lists();
    std::set<std::pair<KeyId, KeyId>> together;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      for (const KeyId a : lists[i]) {
        for (const KeyId b : lists[i]) together.emplace(a, b);
      }
    }
    const KeyLists edges = edges_of(projected(lists, c.keys.view, 16));
    for (KeyId from = 0; from < edges.size(); ++from) {
      for (const KeyId to : edges[from]) ASSERT_TRUE(together.contains({from, to})) << c.name;
    }
  }
}

// Kruskal over all pairs of one list, in double.
double spanning_tree_length(const MatrixView& keys, const std::vector<KeyId>& list) {
  const KeyGeometry geometry(keys, serial_executor());
  struct Pair {
    double distance;
    std::size_t a, b;
  };
  std::vector<Pair> pairs;
  std::vector<const void*> rows;
  std::vector<float> similarity(list.size());
  for (std::size_t a = 0; a < list.size(); ++a) {
    geometry.similarity(list[a], list, rows, similarity.data());
    for (std::size_t b = 0; b < a; ++b) pairs.push_back({1.0 - static_cast<double>(similarity[b]), a, b});
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& x, const Pair& y) { return x.distance < y.distance; });
  std::vector<std::size_t> part(list.size());
  std::iota(part.begin(), part.end(), std::size_t{0});
  double length = 0;
  for (const Pair& pair : pairs) {
    const std::size_t from = part[pair.a];
    const std::size_t to = part[pair.b];
    if (from == to) continue;
    std::replace(part.begin(), part.end(), from, to);
    length += pair.distance;
  }
  return length;
}

TEST(Project, AListAloneBecomesAMinimumSpanningTree) {
  const SharedMatrix keys = test::random_matrix(60, 6, 3);
  const KeyGeometry geometry(keys.view, serial_executor());
  for (const std::size_t length : {2U, 5U, 40U}) {
    const std::vector<KeyId> list = test::random_lists(1, length, 60, length).front();
    const KeyLists edges = projected({list}, keys.view, 60);
    EXPECT_EQ(edge_count(edges), 2 * (length - 1));
    EXPECT_EQ(test::parts_of(list, edges), 1U);
    double sum = 0;
    std::vector<const void*> rows;
    std::vector<float> similarity(60);
    for (KeyId from = 0; from < 60; ++from) {
      geometry.similarity(from, edges[from], rows, similarity.data());
      for (std::size_t i = 0; i < edges[from].size(); ++i) sum += 1.0 - static_cast<double>(similarity[i]);
    }
    EXPECT_NEAR(sum / 2, spanning_tree_length(keys.view, list), 1e-4) << length;
  }
}

TEST(Project, EqualListsShareTheirEdges) {
  const SharedMatrix keys = test::random_matrix(30, 6, 4);
  const std::vector<KeyId> list = test::random_lists(1, 12, 30, 1).front();
  EXPECT_EQ(projected(KeyLists(500, list), keys.view, 8), projected(KeyLists(1, list), keys.view, 8));
}

TEST(Project, AListOfOneKeyNeedsNoEdge) {
  const SharedMatrix keys = test::random_matrix(5, 3, 5);
  EXPECT_EQ(projected({{0}, {4}, {4}}, keys.view, 4), KeyLists(5));
  EXPECT_EQ(projected(KeyLists{}, keys.view, 4), KeyLists(5));
}

// Key 0 is full after a few lists; the others still reach it, and each other's lists are left connected.
TEST(Project, AFullKeyIsStillReachedByTheOthers) {
  const SharedMatrix keys = test::random_matrix(100, 4, 6);
  KeyLists lists;
  for (KeyId key = 1; key < 100; ++key) lists.push_back({0, key});
  const KeyLists edges = projected(lists, keys.view, 5);
  EXPECT_EQ(edges[0].size(), 5U);
  for (KeyId key = 1; key < 100; ++key) EXPECT_EQ(edges[key], std::vector<KeyId>{0}) << key;
}

// Two lists of three ask for the edge 0 - 399, the others for an edge of their own. Every batch holds both sorts.
TEST(Project, EdgesThatMostListsNeedFindRoomFirst) {
  const SharedMatrix keys = test::random_matrix(400, 4, 7);
  KeyLists lists(600, {0, 399});
  for (KeyId key = 1; key <= 300; ++key) lists.push_back({0, key});
  const KeyLists edges = projected(lists, keys.view, 1);
  EXPECT_EQ(edges[0], std::vector<KeyId>{399});
}

TEST(Project, ProjectsOntoTheEdgesThatAreThere) {
  const SharedMatrix keys = test::random_matrix(10, 4, 8);
  const NeighborTable table = link_table({{1, 2, 3}});
  EdgeTable edges(10, 4);
  edges.add(1, 2);
  edges.add(3, 2);
  project(LinkLists({&table, 1}, 10, 1), KeyGeometry(keys.view, serial_executor()), serial_executor(), edges);
  EXPECT_EQ(edges_of(edges), (KeyLists{{}, {2}, {}, {2}, {}, {}, {}, {}, {}, {}}));
}

// Thousands of lists: every batch is shared by several tasks. tests/graph/build_test.cpp does all cases.
TEST(Project, IsTheSameForAnyNumberOfThreads) {
  const std::vector<test::GraphCase> cases = test::graph_cases(3000);
  for (const std::size_t i : {0U, 2U, 4U}) {
    const LinkLists lists = cases[i].lists();
    const KeyLists alone = edges_of(projected(lists, cases[i].keys.view, 6));
    for (const unsigned threads : {2U, 5U, 16U}) {
      const auto executor = make_openmp_executor(threads);
      ASSERT_EQ(edges_of(projected(lists, cases[i].keys.view, 6, *executor)), alone)
          << cases[i].name << ", " << threads;
    }
  }
}

}  // namespace
}  // namespace rattan
