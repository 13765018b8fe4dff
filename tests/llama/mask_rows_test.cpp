#include "tools/llama/mask_rows.h"

#include <gtest/gtest.h>

#include <limits>

namespace rattan::llama {
namespace {

TEST(MaskRows, RowsOfStreamsInHalves) {
  constexpr std::uint16_t none = 0xFC00;
  const std::vector<std::uint16_t> numbers = {0, none, none, 0, 0, none, 0, 0x8000, 0, none, none, 0x3C00};
  const MaskRows mask = {reinterpret_cast<const std::byte*>(numbers.data()), true, 3, 2, 6, 12, 2};
  VisibleCells cells;
  read_visible(mask, 1, cells);
  EXPECT_EQ(cells.seen, (std::vector<std::uint8_t>{1, 1, 0}));
  EXPECT_EQ(cells.count, 2U);
  EXPECT_TRUE(cells.plain);
  read_visible(mask, 2, cells);
  EXPECT_EQ(cells.count, 3U);
  read_visible(mask, 3, cells);
  EXPECT_FALSE(cells.plain);  // alibi: 1 is added
}

TEST(MaskRows, Floats) {
  const float none = -std::numeric_limits<float>::infinity();
  const std::vector<float> numbers = {none, 0, none, none};
  const MaskRows mask = {reinterpret_cast<const std::byte*>(numbers.data()), false, 4, 1, 16, 16, 1};
  VisibleCells cells;
  read_visible(mask, 0, cells);
  EXPECT_EQ(cells.seen, (std::vector<std::uint8_t>{0, 1, 0, 0}));
  EXPECT_TRUE(cells.plain);
}

}  // namespace
}  // namespace rattan::llama
