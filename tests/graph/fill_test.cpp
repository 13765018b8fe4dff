#include "graph/fill.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/cases.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

TEST(Fill, FreeSlotsTakeTheNearestKeys) {
  const SharedMatrix keys = test::random_matrix(200, 16, 1);
  const KeyGeometry geometry(keys.view, serial_executor());
  const Graph before = test::random_graph(200, 7, {}, 2);
  Graph graph(200, 12);
  for (KeyId key = 0; key < 200; ++key) {
    if (key % 3 != 0) std::ranges::copy(before.neighbors(key), graph.slots(key).begin());
  }
  const Graph links = graph;
  fill_with_nearest(graph, geometry, 1, serial_executor());
  test::expect_well_formed(test::edges_of(graph), 12);
  std::vector<KeyId> all;
  for (KeyId key = 0; key < 200; ++key) all.push_back(key);
  std::vector<const void*> rows;
  std::vector<float> similarity(200);
  for (KeyId key = 0; key < 200; ++key) {
    const auto kept = links.neighbors(key);
    const auto found = graph.neighbors(key);
    ASSERT_EQ(found.size(), 12U);
    EXPECT_TRUE(std::ranges::equal(found.first(kept.size()), kept));
    // No key that is left out is nearer than one that was taken.
    geometry.similarity(key, all, rows, similarity.data());
    float farthest = 1;
    for (const KeyId id : found.subspan(kept.size())) farthest = std::min(farthest, similarity[id]);
    for (const KeyId id : all) {
      if (id == key || std::ranges::find(found, id) != found.end()) continue;
      EXPECT_LE(similarity[id], farthest + 1e-5F);
    }
  }
}

TEST(Fill, FewKeysAreAllNeighbours) {
  const SharedMatrix keys = test::random_matrix(4, 8, 3);
  Graph graph(4, 16);
  fill_with_nearest(graph, KeyGeometry(keys.view, serial_executor()), 1, serial_executor());
  for (KeyId key = 0; key < 4; ++key) EXPECT_EQ(graph.neighbors(key).size(), 3U);
}

TEST(Fill, EqualForAnyExecutor) {
  const SharedMatrix keys = test::random_matrix(500, 16, 4);
  Graph one(500, 8);
  Graph other(500, 8);
  fill_with_nearest(one, KeyGeometry(keys.view, serial_executor()), 1, serial_executor());
  const auto executor = make_openmp_executor(5);
  fill_with_nearest(other, KeyGeometry(keys.view, *executor), 1, *executor);
  EXPECT_EQ(one, other);
}

}  // namespace
}  // namespace rattan
