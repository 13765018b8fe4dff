#include "rattan/results.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/errors.h"

namespace rattan {
namespace {

// FAULTS E6: what was not found has a defined filler.
TEST(NeighborTable, StartsFilled) {
  const NeighborTable table(3, 2);
  EXPECT_EQ(table.rows(), 3U);
  EXPECT_EQ(table.k(), 2U);
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(table.count(row), 0U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(table.ids(row)[i], no_key);
      EXPECT_EQ(table.scores(row)[i], -std::numeric_limits<float>::infinity());
    }
  }
}

TEST(NeighborTable, UnfilledIsEqualOnceItIsWritten) {
  NeighborTable table = NeighborTable::unfilled(300, 2);
  ASSERT_EQ(table.rows(), 300U);
  ASSERT_EQ(table.k(), 2U);
  for (std::size_t row = 0; row < 300; ++row) {
    for (std::size_t i = 0; i < 2; ++i) {
      table.ids(row)[i] = no_key;
      table.scores(row)[i] = -std::numeric_limits<float>::infinity();
    }
  }
  EXPECT_EQ(table, NeighborTable(300, 2));
  EXPECT_EQ(NeighborTable::unfilled(0, 5), NeighborTable(0, 5));
  test::expect_error(ErrorCode::no_memory, "rows * k", [] { (void)NeighborTable::unfilled(SIZE_MAX / 2, 3); });
}

TEST(NeighborTable, CountsThePrefixThatIsPresent) {
  NeighborTable table(2, 3);
  table.ids(1)[0] = 7;
  table.ids(1)[1] = 0;
  EXPECT_EQ(table.count(0), 0U);
  EXPECT_EQ(table.count(1), 2U);
  table.ids(1)[2] = 1;
  EXPECT_EQ(table.count(1), 3U);
}

// FAULTS C1, C3: empty tables are no special case.
TEST(NeighborTable, MayBeEmpty) {
  EXPECT_EQ(NeighborTable(0, 5).rows(), 0U);
  EXPECT_EQ(NeighborTable(5, 0).count(4), 0U);
  EXPECT_TRUE(NeighborTable(5, 0).ids(4).empty());
}

// FAULTS A2: the product of two sizes never wraps into a small allocation.
TEST(NeighborTable, RefusesMoreSlotsThanMemoryCanHave) {
  constexpr std::size_t half = std::size_t{1} << 32;
  test::expect_error(ErrorCode::no_memory, "rows * k", [] { NeighborTable(half, half); });
}

TEST(NeighborTable, EqualityIgnoresWhatItCost) {
  NeighborTable a(1, 2);
  NeighborTable b(1, 2);
  a.stats.push_back({.keys_scored = 3, .nodes_expanded = 0, .centroids_scored = 0, .bytes_read = 0});
  EXPECT_EQ(a, b);
  b.scores(0)[1] = 1.0F;
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(NeighborTable(2, 1) == NeighborTable(1, 2));
}

TEST(SearchStats, AddUp) {
  SearchStats sum{.keys_scored = 1, .nodes_expanded = 2, .centroids_scored = 3, .bytes_read = 4};
  sum += {.keys_scored = 10, .nodes_expanded = 20, .centroids_scored = 30, .bytes_read = 40};
  EXPECT_EQ(sum.keys_scored, 11U);
  EXPECT_EQ(sum.nodes_expanded, 22U);
  EXPECT_EQ(sum.centroids_scored, 33U);
  EXPECT_EQ(sum.bytes_read, 44U);
}

TEST(BuildStats, SecondsAreTheSumOfTheStages) {
  BuildStats stats;
  EXPECT_EQ(stats.seconds(), 0.0);
  stats.stages = {{"links", 1.5}, {"prune", 0.25}};
  EXPECT_DOUBLE_EQ(stats.seconds(), 1.75);
}

}  // namespace
}  // namespace rattan
