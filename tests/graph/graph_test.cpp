#include "graph/graph.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/graph/cases.h"

namespace rattan {
namespace {

using test::KeyLists;

TEST(Graph, HoldsTheGivenEdgesInOrder) {
  const KeyLists edges = {{2, 1, 3}, {}, {0}, {1, 0}};
  const Graph graph{std::span<const std::vector<KeyId>>(edges)};
  EXPECT_EQ(graph.keys(), 4U);
  EXPECT_EQ(graph.stride(), 3U);
  EXPECT_EQ(graph.edge_bytes(), 4U * 3 * sizeof(KeyId));
  EXPECT_EQ(test::edges_of(graph), edges);
}

TEST(Graph, UnusedSlotsHoldNoKey) {
  const KeyLists edges = {{1}, {0, 2}, {}};
  const Graph graph{std::span<const std::vector<KeyId>>(edges)};
  EXPECT_EQ(graph.slots(0)[1], no_key);
  EXPECT_EQ(graph.slots(2)[0], no_key);
}

TEST(Graph, SlotsAreFilledFromTheFront) {
  Graph graph(3, 2);
  EXPECT_EQ(test::edges_of(graph), KeyLists(3));
  graph.slots(1)[0] = 2;
  EXPECT_EQ(test::edges_of(graph), (KeyLists{{}, {2}, {}}));
  graph.slots(1)[1] = 0;
  EXPECT_EQ(test::edges_of(graph), (KeyLists{{}, {2, 0}, {}}));
}

TEST(Graph, EdgesOfTheDefaultDegreeAreOneCacheLine) {
  const Graph graph(5, 16);
  for (KeyId key = 0; key < 5; ++key) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(graph.slots(key).data()) % 64, 0U) << key;
  }
}

TEST(Graph, MayHaveNoKeysOrNoEdges) {
  EXPECT_EQ(Graph().keys(), 0U);
  EXPECT_EQ(Graph(0, 16).edge_bytes(), 0U);
  EXPECT_EQ(Graph(std::span<const std::vector<KeyId>>()).keys(), 0U);
  const KeyLists none(2);
  EXPECT_EQ(Graph(std::span<const std::vector<KeyId>>(none)).stride(), 1U);
}

TEST(Graph, EqualityIsOfEdgesAndEntryPoints) {
  const Graph graph = test::make_graph({{1}, {0}}, {0});
  EXPECT_EQ(graph, test::make_graph({{1}, {0}}, {0}));
  EXPECT_NE(graph, test::make_graph({{1}, {0}}, {1}));
  EXPECT_NE(graph, test::make_graph({{1}, {}}, {0}));
}

}  // namespace
}  // namespace rattan
