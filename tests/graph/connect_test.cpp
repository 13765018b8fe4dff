#include "graph/connect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/entry_points.h"
#include "graph/project.h"
#include "graph/prune.h"
#include "tests/graph/cases.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::edges_of;
using test::KeyLists;
using test::naive_unreachable;

// The stages before connect.
Graph disconnected(const test::GraphCase& c, std::uint32_t max_degree, std::uint32_t entry_points) {
  const LinkLists lists = c.lists();
  EdgeTable edges(c.keys.view.rows, 2 * max_degree);
  project(lists, KeyGeometry(c.keys.view, serial_executor()), serial_executor(), edges);
  Graph graph = prune(edges, count_uses(lists, edges, serial_executor()), max_degree, serial_executor());
  graph.entry_points = choose_entry_points(lists, entry_points);
  return graph;
}

void expect_connected(Graph graph, const MatrixView& keys, std::uint32_t max_degree) {
  const std::uint64_t left = connect(graph, KeyGeometry(keys, serial_executor()), serial_executor());
  EXPECT_EQ(left, 0U);
  EXPECT_EQ(naive_unreachable(graph), 0U);
  test::expect_well_formed(edges_of(graph), max_degree);
}

// FAULTS D4, D5.
TEST(Connect, EveryKeyIsReachableOnEveryCase) {
  for (const std::uint32_t max_degree : {2U, 3U, 16U}) {
    for (const std::uint32_t entry_points : {1U, 64U}) {
      for (const test::GraphCase& c : test::graph_cases(700)) {
        SCOPED_TRACE(testing::Message() << c.name << ", degree " << max_degree << ", entries " << entry_points);
        expect_connected(disconnected(c, max_degree, entry_points), c.keys.view, max_degree);
      }
    }
  }
}

TEST(Connect, EveryKeyIsReachableAtEverySize) {
  for (const std::size_t keys : {2U, 3U, 5U, 17U, 64U, 5000U}) {
    const SharedMatrix matrix = test::random_matrix(keys, 8, keys);
    for (const std::uint32_t max_degree : {2U, 3U, 16U}) {
      SCOPED_TRACE(testing::Message() << keys << " keys, degree " << max_degree);
      Graph graph(keys, max_degree);
      graph.entry_points = {static_cast<KeyId>(keys / 2)};
      expect_connected(graph, matrix.view, max_degree);
    }
  }
}

// Rings that no edge joins, with every slot taken: an anchor must give up an edge, and nothing may be lost by it.
TEST(Connect, FullRingsAreJoined) {
  for (const std::uint32_t degree : {2U, 3U}) {
    for (const std::size_t ring : {4U, 10U, 50U}) {
      const std::size_t keys = 600;
      SCOPED_TRACE(testing::Message() << "rings of " << ring << ", degree " << degree);
      KeyLists edges(keys);
      for (std::size_t key = 0; key < keys; ++key) {
        const std::size_t first = key - key % ring;
        for (std::uint32_t step = 1; step <= degree; ++step) {
          edges[key].push_back(static_cast<KeyId>(first + (key - first + step) % ring));
        }
      }
      const SharedMatrix matrix = test::random_matrix(keys, 8, ring);
      expect_connected(test::make_graph(edges, {0}), matrix.view, degree);
    }
  }
}

TEST(Connect, RandomSparseGraphsAreJoined) {
  const SharedMatrix keys = test::random_matrix(1500, 8, 3);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const std::uint32_t degree : {2U, 3U}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", degree " << degree);
      const Graph graph = test::random_graph(1500, degree, {7}, seed);
      expect_connected(graph, keys.view, graph.stride());
    }
  }
}

TEST(Connect, AConnectedGraphStaysAsItIs) {
  const SharedMatrix keys = test::random_matrix(4, 3, 4);
  const Graph graph = test::make_graph({{1}, {2}, {3}, {0}}, {2});
  Graph connected = graph;
  EXPECT_EQ(connect(connected, KeyGeometry(keys.view, serial_executor()), serial_executor()), 0U);
  EXPECT_EQ(connected, graph);
}

// The island 3 -> 4 has an edge to a reached key: that key becomes its anchor although others are nearer.
TEST(Connect, AnIslandHangsOnItsOwnReachedNeighbour) {
  const std::vector<float> x = {0, 10, 20, 1, 2, 100};
  const SharedMatrix keys = test::make_matrix(x, 6, 1);
  Graph graph = test::make_graph({{1}, {2}, {5}, {4, 2}, {}, {0, 1, 2}}, {0});
  EXPECT_EQ(connect(graph, KeyGeometry(keys.view, serial_executor()), serial_executor()), 0U);
  EXPECT_EQ(edges_of(graph), (KeyLists{{1}, {2}, {5, 3}, {4, 2}, {}, {0, 1, 2}}));
}

TEST(Connect, AKeyWithoutEdgesHangsOnTheNearestReachedOne) {
  // Directions from the mean (0.2, 0): keys 0..2 are reached, key 3 is nearest to key 1.
  const SharedMatrix keys = test::make_matrix(std::vector<float>{5, 0, 0, 5, -5, -5, 0.5F, 4}, 4, 2);
  Graph graph = test::make_graph({{1, 2}, {0}, {0}, {}}, {0});
  EXPECT_EQ(connect(graph, KeyGeometry(keys.view, serial_executor()), serial_executor()), 0U);
  EXPECT_EQ(edges_of(graph), (KeyLists{{1, 2}, {0, 3}, {0}, {}}));
}

TEST(Connect, WithoutEntryPointsAllKeysStayUnreachable) {
  const SharedMatrix keys = test::random_matrix(5, 3, 5);
  Graph graph(5, 2);
  EXPECT_EQ(connect(graph, KeyGeometry(keys.view, serial_executor()), serial_executor()), 5U);
}

TEST(Connect, MayHaveNoKeys) {
  Graph graph(0, 2);
  const KeyGeometry geometry(MatrixView(nullptr, DType::f32, 0, 3), serial_executor());
  EXPECT_EQ(connect(graph, geometry, serial_executor()), 0U);
}

TEST(Connect, IsTheSameForAnyNumberOfThreads) {
  for (const test::GraphCase& c : test::graph_cases(1500)) {
    const KeyGeometry geometry(c.keys.view, serial_executor());
    const Graph before = disconnected(c, 3, 16);
    Graph alone = before;
    const std::uint64_t left = connect(alone, geometry, serial_executor());
    EXPECT_EQ(left, naive_unreachable(alone)) << c.name;
    for (const unsigned threads : {2U, 4U, 16U}) {
      const auto executor = make_openmp_executor(threads);
      Graph graph = before;
      EXPECT_EQ(connect(graph, geometry, *executor), left);
      ASSERT_EQ(graph, alone) << c.name << ", " << threads;
    }
  }
}

}  // namespace
}  // namespace rattan
