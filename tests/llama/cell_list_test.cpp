#include "tools/llama/cell_list.h"

#include <gtest/gtest.h>

namespace rattan::llama {
namespace {

TEST(CellList, HoldsWhatIsSeenInAnyOrder) {
  CellList cells(8);
  for (const std::uint32_t cell : {5U, 2U, 7U}) cells.append(cell);
  EXPECT_EQ(cells.position(2), 1U);
  EXPECT_EQ(cells.position(3), CellList::none);
  EXPECT_EQ(cells.position(100), CellList::none);
  const std::vector<std::uint8_t> all = {1, 0, 1, 0, 0, 1, 0, 1};
  EXPECT_TRUE(cells.holds(all, 4, 0));
  const std::vector<std::uint8_t> first_two = {1, 0, 1, 0, 0, 1, 0, 0};
  EXPECT_TRUE(cells.holds(first_two, 3, 0));
  const std::vector<std::uint8_t> one_left_out = {1, 0, 0, 0, 0, 1, 0, 1};
  EXPECT_FALSE(cells.holds(one_left_out, 3, 0));
  const std::vector<std::uint8_t> one_unknown = {1, 1, 1, 0, 0, 1, 0, 1};
  EXPECT_FALSE(cells.holds(one_unknown, 5, 0));
}

TEST(CellList, TheOwnCellIsNotOneOfThoseBefore) {
  CellList cells(4);
  cells.append(1);
  cells.append(2);
  const std::vector<std::uint8_t> seen = {0, 1, 1, 0};
  EXPECT_TRUE(cells.holds(seen, 2, 2));   // written once more
  EXPECT_FALSE(cells.holds(seen, 2, 1));  // the newest is an old one
}

TEST(CellList, CutAndCopy) {
  CellList cells(4);
  for (const std::uint32_t cell : {3U, 0U, 1U}) cells.append(cell);
  cells.cut(1);
  EXPECT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells.position(0), CellList::none);
  const std::uint32_t* table = cells.table().data();
  for (const std::uint32_t cell : {2U, 0U, 1U}) cells.append(cell);
  EXPECT_EQ(cells.table().data(), table);
  CellList other(4);
  other.copy(cells, 2);
  EXPECT_EQ(other.size(), 2U);
  EXPECT_EQ(other[1], 2U);
}

TEST(CellList, WhatIsInCommonEndsAtTheOwnCell) {
  CellList cells(6);
  for (std::uint32_t cell = 0; cell < 5; ++cell) cells.append(cell);
  const std::vector<std::uint8_t> seen = {1, 1, 1, 0, 1, 1};
  EXPECT_EQ(cells.common(seen, 5), 3U);
  EXPECT_EQ(cells.common(seen, 1), 1U);
}

}  // namespace
}  // namespace rattan::llama
