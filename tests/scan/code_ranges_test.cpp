#include "scan/code_ranges.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(CodeRanges, TheSmallestAndTheLargestValueOfEachChannel) {
  const SharedMatrix keys = make_matrix(std::vector<float>{3, -1, 0, -4, 7, 0, 1, 2, 0}, 3, 3);
  const std::vector<ChannelRange> ranges = channel_ranges(keys.view, serial_executor());
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0].lowest, -4.0F);
  EXPECT_EQ(ranges[0].highest, 3.0F);
  EXPECT_EQ(ranges[1].lowest, -1.0F);
  EXPECT_EQ(ranges[1].highest, 7.0F);
  EXPECT_EQ(ranges[2].lowest, 0.0F);
  EXPECT_EQ(ranges[2].highest, 0.0F);
}

// 10,000 keys make three blocks; the extremes stand in different ones.
TEST(CodeRanges, TheSameForAnyExecutorAndDtype) {
  for (const DType dtype : all_dtypes) {
    const SharedMatrix keys = random_matrix(10000, 5, 1, dtype, 9);
    set_element(keys, 9999, 2, 100);
    set_element(keys, 4096, 3, -200);
    const auto expected = channel_ranges(keys.view, serial_executor());
    EXPECT_EQ(expected[2].highest, 100.0F);
    EXPECT_EQ(expected[3].lowest, -200.0F);
    const auto executor = make_openmp_executor(3);
    const auto found = channel_ranges(keys.view, *executor);
    for (std::size_t c = 0; c < 5; ++c) {
      EXPECT_EQ(found[c].lowest, expected[c].lowest);
      EXPECT_EQ(found[c].highest, expected[c].highest);
    }
  }
}

}  // namespace
}  // namespace rattan::test
