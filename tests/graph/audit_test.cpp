#include "graph/audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/cases.h"

namespace rattan {
namespace {

using test::make_graph;

TEST(Audit, CountsDegreesReachabilityAndDepth) {
  // 0 -> 1 -> 2 -> 0, 3 -> 0, 4 alone.
  const GraphAudit found = audit(make_graph({{1, 2}, {2}, {0}, {0}, {}}, {0}));
  EXPECT_EQ(found.keys, 5U);
  EXPECT_EQ(found.edges, 5U);
  EXPECT_EQ(found.min_degree, 0U);
  EXPECT_EQ(found.max_degree, 2U);
  EXPECT_EQ(found.unreachable, 2U);
  EXPECT_EQ(found.depth, 1U);
}

TEST(Audit, AgreesWithABreadthFirstSearch) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const std::vector<KeyId> entries = seed % 3 == 0 ? std::vector<KeyId>{5} : std::vector<KeyId>{5, 199, 5};
    const Graph graph = test::random_graph(200, 1 + seed % 3, entries, seed);
    const std::vector<std::uint32_t> depths = test::naive_depths(graph);
    const std::vector<std::uint8_t> reached = reachable_keys(graph);
    std::uint32_t deepest = 0;
    for (KeyId key = 0; key < 200; ++key) {
      ASSERT_EQ(reached[key], depths[key] == no_key ? 0 : 1) << "key " << key << ", seed " << seed;
      if (depths[key] != no_key) deepest = std::max(deepest, depths[key]);
    }
    EXPECT_EQ(audit(graph).unreachable, test::naive_unreachable(graph));
    EXPECT_EQ(audit(graph).depth, deepest);
  }
}

TEST(Audit, WithoutEntryPointsNothingIsReachable) {
  const GraphAudit found = audit(make_graph({{1}, {0}}, {}));
  EXPECT_EQ(found.unreachable, 2U);
  EXPECT_EQ(found.depth, 0U);
}

TEST(Audit, MayHaveNoKeys) {
  const GraphAudit found = audit(Graph(0, 4));
  EXPECT_EQ(found.keys, 0U);
  EXPECT_EQ(found.edges, 0U);
  EXPECT_EQ(found.min_degree, 0U);
  EXPECT_EQ(found.unreachable, 0U);
}

TEST(Spread, MarksWhatTheFrontsLeadToAndLeavesTheRest) {
  const Graph graph = make_graph({{1}, {2}, {}, {4}, {}}, {});
  std::vector<std::uint8_t> reached(5, 0);
  EXPECT_EQ(spread(graph, {0}, reached), 3U);
  EXPECT_EQ(reached, (std::vector<std::uint8_t>{1, 1, 1, 0, 0}));
  EXPECT_EQ(spread(graph, {1, 3, 3}, reached), 2U);
  EXPECT_EQ(reached, (std::vector<std::uint8_t>{1, 1, 1, 1, 1}));
  EXPECT_EQ(spread(graph, {0}, reached), 0U);
}

}  // namespace
}  // namespace rattan
