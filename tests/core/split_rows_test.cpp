#include "core/split_rows.h"

#include <gtest/gtest.h>

#include <vector>

namespace rattan {
namespace {

TEST(SplitRows, RowsGoOnWhereTheBaseEnds) {
  const std::vector<float> base(12);
  const std::vector<float> grown(8);
  const SplitRows rows(MatrixView(base.data(), DType::f32, 3, 3, 4), MatrixView(grown.data(), DType::f32, 2, 3, 4));
  EXPECT_EQ(rows.rows(), 5U);
  EXPECT_EQ(rows.cols(), 3U);
  EXPECT_EQ(rows.row_bytes(), 12U);
  EXPECT_EQ(rows.row(2), base.data() + 8);
  EXPECT_EQ(rows.row(3), grown.data());
  EXPECT_EQ(rows.row(4), grown.data() + 4);
}

TEST(SplitRows, ABaseAlone) {
  const std::vector<float> base(12);
  const SplitRows rows(MatrixView(base.data(), DType::f32, 3, 4));
  EXPECT_EQ(rows.rows(), 3U);
  EXPECT_EQ(rows.row(1), base.data() + 4);
}

}  // namespace
}  // namespace rattan
