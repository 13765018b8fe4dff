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

TEST(CodeRanges, OrdinaryKeysHaveNoOutliers) {
  for (const std::size_t rows : {1U, 63U, 64U, 5000U}) {
    const SharedMatrix keys = random_matrix(rows, 24, 1);
    const InlierRanges found = inlier_ranges(keys.view, serial_executor());
    EXPECT_TRUE(found.outliers.empty()) << rows;
    EXPECT_TRUE(found.typical.empty());
    const auto all = channel_ranges(keys.view, serial_executor());
    for (std::size_t c = 0; c < 24; ++c) EXPECT_EQ(found.ranges[c].highest, all[c].highest);
  }
  const SharedMatrix equal = make_matrix(std::vector<float>(900, 2.0F), 300, 3);
  EXPECT_TRUE(inlier_ranges(equal.view, serial_executor()).outliers.empty());
}

// One, several and several per cent of them, whole rows and single channels, of any size; for any executor.
TEST(CodeRanges, OutliersAreFoundWhateverTheirNumberAndSize) {
  for (const std::size_t every : {5000U, 1000U, 20U}) {
    for (const float size : {12.0F, 32.0F, 1000.0F, 1e30F}) {
      for (const bool whole_row : {true, false}) {
        if (size == 12 && !whole_row) continue;  // a channel with a tail
        const SharedMatrix keys = random_matrix(5000, 24, 1);
        const auto before = channel_ranges(keys.view, serial_executor());
        std::vector<KeyId> expected;
        for (std::size_t row = 7; row < 5000; row += every) {
          expected.push_back(static_cast<KeyId>(row));
          for (std::size_t c = 0; c < (whole_row ? 24U : 1U); ++c) {
            const double sign = element(keys.view, row, c) < 0 ? -1 : 1;
            set_element(keys, row, c, static_cast<float>((sign + element(keys.view, row, c)) * size));
          }
        }
        const InlierRanges found = inlier_ranges(keys.view, serial_executor());
        EXPECT_EQ(found.outliers, expected) << every << ' ' << size << ' ' << whole_row;
        for (std::size_t c = 0; c < 24; ++c) {
          EXPECT_LE(found.ranges[c].highest, before[c].highest);
          EXPECT_GE(found.ranges[c].lowest, before[c].lowest);
        }
        const auto executor = make_openmp_executor(3);
        EXPECT_EQ(inlier_ranges(keys.view, *executor).outliers, expected);
      }
    }
  }
}

}  // namespace
}  // namespace rattan::test
