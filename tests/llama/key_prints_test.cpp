#include "tools/llama/key_prints.h"

#include <gtest/gtest.h>

namespace rattan::llama {
namespace {

TEST(KeyPrints, SeeAChangedNewestRow) {
  std::vector<std::vector<std::byte>> rows(100, std::vector<std::byte>(37));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i][i % 37] = static_cast<std::byte>(i);
  const KeyPrints::Row row = [&](std::size_t position) { return std::span<const std::byte>(rows[position]); };
  KeyPrints prints;
  EXPECT_TRUE(prints.match(0, row));
  prints.extend(100, row);
  EXPECT_EQ(prints.size(), 100U);
  EXPECT_TRUE(prints.match(100, row));
  rows[90][36] = std::byte{99};
  EXPECT_FALSE(prints.match(100, row));
  EXPECT_TRUE(prints.match(90, row));
  prints.cut(90);
  prints.extend(100, row);
  EXPECT_TRUE(prints.match(100, row));
}

TEST(KeyPrints, LookAtOldRowsByTurns) {
  std::vector<std::byte> rows(200);
  const KeyPrints::Row row = [&](std::size_t position) {
    return std::span<const std::byte>(rows).subspan(position, 1);
  };
  KeyPrints prints;
  prints.extend(200, row);
  rows[3] = std::byte{1};
  bool seen = false;
  for (int i = 0; i < 200; ++i) seen = seen || !prints.match(200, row);
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace rattan::llama
