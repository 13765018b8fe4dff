#include "index/growth_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Key i leads to the `degree` keys behind it, around the end.
Graph ring(std::size_t keys, std::uint32_t degree, std::vector<KeyId> entry_points) {
  Graph graph(keys, degree);
  for (std::size_t key = 0; key < keys; ++key) {
    const auto slots = graph.slots(static_cast<KeyId>(key));
    for (std::size_t i = 0; i < degree; ++i) slots[i] = static_cast<KeyId>((key + 1 + i) % keys);
  }
  graph.entry_points = std::move(entry_points);
  return graph;
}

TEST(GrowthStore, ABlockBringsEdgesEntryPointsAndCodes) {
  const SharedMatrix keys = test::random_matrix(60, 40, 2);
  const KeyCodes base(keys.view.slice(0, 30), CodeLayout::rows4, serial_executor());
  GrowthStore store({&base, 7});
  const Graph first = ring(10, 3, {0, 4});
  const Graph second = ring(15, 7, {2});
  store.seal(keys.view.slice(30, 10), &first, 1000, serial_executor());
  EXPECT_EQ(store.view().sealed, 10U);
  EXPECT_EQ(store.view().entry_points, 2U);
  store.seal(keys.view.slice(40, 15), &second, 1010, serial_executor());
  EXPECT_EQ(store.view().sealed, 25U);
  EXPECT_TRUE(std::ranges::equal(store.entry_points(3), std::vector<KeyId>{1000, 1004, 1012}));
  for (std::size_t row = 0; row < 25; ++row) {
    const Graph& graph = row < 10 ? first : second;
    const auto local = static_cast<KeyId>(row < 10 ? row : row - 10);
    const auto slots = store.slots(25).subspan(row * 7, 7);
    ASSERT_EQ(filled(slots).size(), graph.neighbors(local).size());
    for (std::size_t i = 0; i < filled(slots).size(); ++i) {
      EXPECT_EQ(slots[i], graph.neighbors(local)[i] + (row < 10 ? 1000 : 1010));
    }
  }
  ASSERT_EQ(store.view().code_parts.size(), 2U);
  EXPECT_EQ(store.view().code_parts[1].end, 25U);
  for (const std::size_t begin : {0U, 10U}) {
    const std::size_t count = begin == 0 ? 10 : 15;
    const KeyCodes own(keys.view.slice(30 + begin, count), CodeLayout::rows4, serial_executor());
    const std::byte* const codes = store.codes() + begin * base.row_bytes();
    EXPECT_TRUE(std::equal(codes, codes + count * base.row_bytes(), own.row(0)));
    EXPECT_EQ(store.view().code_parts[begin / 10].steps, own.parts()[0].steps);
  }
  EXPECT_EQ(store.memory().total(), 25 * (base.row_bytes() + 28) + 12);
  EXPECT_EQ(store.sealed_bytes(), store.memory().total());
  EXPECT_EQ(store.segment_bytes(25, 3), 25 * (base.row_bytes() + 28) + 12);
}

TEST(GrowthStore, ACutBlockIsNoBlockAnyMore) {
  const SharedMatrix keys = test::random_matrix(50, 6, 5);
  GrowthStore store({});
  for (const std::size_t rows : {10U, 20U, 15U}) store.seal(keys.view.slice(0, rows), nullptr, 0, serial_executor());
  store.truncate(60);
  EXPECT_EQ(store.view().sealed, 45U);
  store.truncate(45);
  EXPECT_EQ(store.view().sealed, 45U);
  store.truncate(44);
  EXPECT_EQ(store.view().sealed, 30U);
  store.truncate(0);
  EXPECT_EQ(store.view().sealed, 0U);
  EXPECT_EQ(store.sealed_bytes(), 0U);
  EXPECT_EQ(store.segment_bytes(25, 3), 0U);
}

TEST(GrowthStore, ACopyGoesItsOwnWay) {
  const SharedMatrix keys = test::random_matrix(60, 40, 2);
  const KeyCodes base(keys.view.slice(0, 30), CodeLayout::rows4, serial_executor());
  const Graph graph = ring(10, 3, {0, 4});
  GrowthStore store({&base, 7});
  store.seal(keys.view.slice(30, 10), &graph, 1000, serial_executor());
  GrowthStore copy = store;
  EXPECT_EQ(copy.codes(), store.codes());  // one memory
  copy.seal(keys.view.slice(40, 10), &graph, 1010, serial_executor());
  EXPECT_EQ(store.view().sealed, 10U);
  EXPECT_EQ(copy.view().sealed, 20U);
  EXPECT_TRUE(std::ranges::equal(store.slots(10), copy.slots(10)));
  copy.truncate(0);
  EXPECT_EQ(store.view().sealed, 10U);
}

}  // namespace
}  // namespace rattan
