#include "graph/edge_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/graph/cases.h"

namespace rattan {
namespace {

std::vector<KeyId> edges(const EdgeTable& table, KeyId key) { return {table[key].begin(), table[key].end()}; }

TEST(EdgeTable, BeginsEmpty) {
  const EdgeTable table(3, 2);
  EXPECT_EQ(table.keys(), 3U);
  EXPECT_EQ(table.capacity(), 2U);
  EXPECT_EQ(test::edges_of(table), test::KeyLists(3));
  EXPECT_FALSE(table.full(0));
  EXPECT_FALSE(table.has(0, 1));
}

TEST(EdgeTable, EdgesAreDirectedAndInOrderOfAddition) {
  EdgeTable table(4, 3);
  table.add(1, 3);
  table.add(1, 0);
  table.add(0, 2);
  EXPECT_EQ(test::edges_of(table), (test::KeyLists{{2}, {3, 0}, {}, {}}));
  EXPECT_TRUE(table.has(1, 3));
  EXPECT_FALSE(table.has(3, 1));
}

TEST(EdgeTable, AnEdgeIsAddedOnce) {
  EdgeTable table(2, 3);
  EXPECT_TRUE(table.add(0, 1));
  EXPECT_FALSE(table.add(0, 1));
  EXPECT_EQ(edges(table, 0), (std::vector<KeyId>{1}));
}

TEST(EdgeTable, AFullKeyStaysAsItIs) {
  EdgeTable table(5, 2);
  table.add(2, 0);
  EXPECT_FALSE(table.full(2));
  table.add(2, 1);
  EXPECT_TRUE(table.full(2));
  EXPECT_FALSE(table.add(2, 3));
  EXPECT_EQ(edges(table, 2), (std::vector<KeyId>{0, 1}));
  EXPECT_EQ(edges(table, 1), std::vector<KeyId>{});
  EXPECT_EQ(edges(table, 3), std::vector<KeyId>{});
}

TEST(EdgeTable, SlotsAreWhereParallelArraysBegin) {
  const EdgeTable table(5, 7);
  EXPECT_EQ(table.slot(0), 0U);
  EXPECT_EQ(table.slot(4), 28U);
}

TEST(EdgeTable, MayHaveNoKeys) { EXPECT_EQ(EdgeTable(0, 4).keys(), 0U); }

}  // namespace
}  // namespace rattan
