#include "rattan/matrix.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

// Five rows of three in blocks of two: pages 4, 0 and half of 2.
class GatherTest : public testing::Test {
 protected:
  static constexpr std::size_t block_stride = 13;  // two rows of five elements, and three of something else
  const std::vector<std::uint32_t> table_ = {4, 0, 2};

  PagedRows paged(const MatrixView& pool) const {
    PagedRows rows;
    rows.data = pool.data;
    rows.dtype = pool.dtype;
    rows.rows = 5;
    rows.cols = 3;
    rows.row_stride = 5;
    rows.table = table_;
    rows.block_rows = 2;
    rows.block_stride = block_stride;
    return rows;
  }
};

TEST_F(GatherTest, RowsOfEveryDtypeComeTogether) {
  for (const DType dtype : all_dtypes) {
    const SharedMatrix pool = random_matrix(1, 5 * block_stride, 3, dtype);
    const SharedMatrix odd = at_offset(pool.view, 1);
    const SharedMatrix gathered = gather(paged(odd.view));
    EXPECT_EQ(gathered.view.rows, 5U);
    EXPECT_EQ(gathered.view.cols, 3U);
    EXPECT_EQ(gathered.view.row_stride, 3U);
    EXPECT_EQ(gathered.view.dtype, dtype);
    ASSERT_NE(gathered.owner, nullptr);
    for (std::size_t row = 0; row < 5; ++row) {
      for (std::size_t col = 0; col < 3; ++col) {
        const std::size_t at = table_[row / 2] * block_stride + row % 2 * 5 + col;
        EXPECT_EQ(element(gathered.view, row, col), element(pool.view, 0, at)) << row << ", " << col;
      }
    }
  }
}

TEST_F(GatherTest, NoRows) {
  PagedRows rows = paged({nullptr, DType::f16, 0, 0});
  rows.rows = 0;
  rows.table = {};
  const SharedMatrix gathered = gather(rows);
  EXPECT_EQ(gathered.view.rows, 0U);
  EXPECT_EQ(gathered.view.cols, 3U);
}

TEST_F(GatherTest, RefusesWhatCannotBe) {
  const SharedMatrix pool = random_matrix(1, 5 * block_stride, 3);
  const auto refuses = [&](std::string_view name, const auto& change) {
    PagedRows rows = paged(pool.view);
    change(rows);
    expect_error(ErrorCode::invalid_argument, name, [&] { gather(rows); });
  };
  const std::size_t huge = std::numeric_limits<std::size_t>::max() / 2;
  refuses("table", [&](PagedRows& rows) { rows.table = std::span(table_).first(2); });
  refuses("table", [](PagedRows& rows) { rows.rows = 7; });
  refuses("table", [](PagedRows& rows) { rows.rows = std::numeric_limits<std::size_t>::max(); });
  refuses("block_rows", [](PagedRows& rows) { rows.block_rows = 0; });
  refuses("row_stride", [](PagedRows& rows) { rows.row_stride = 2; });
  refuses("data", [](PagedRows& rows) { rows.data = nullptr; });
  refuses("block_stride", [&](PagedRows& rows) { rows.block_stride = huge; });
  refuses("row_stride", [&](PagedRows& rows) { rows.row_stride = huge, rows.block_rows = 5; });
  refuses("pool", [&](PagedRows& rows) { rows.row_stride = huge, rows.block_rows = 1, rows.rows = 1; });
}

}  // namespace
}  // namespace rattan::test
