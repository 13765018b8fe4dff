#include "core/grown_rows.h"

#include <gtest/gtest.h>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

// The first rows of `rows` are those of `first`, then those of `second`.
void expect_rows(const SplitRows& rows, const MatrixView& first, const MatrixView& second) {
  ASSERT_EQ(rows.rows(), first.rows + second.rows);
  const SharedMatrix together = in_one_place(rows, 0, rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto wanted = i < first.rows ? test::row_values(first, i) : test::row_values(second, i - first.rows);
    EXPECT_EQ(test::row_values(together.view, i), wanted) << i;
  }
}

TEST(GrownRows, RowsAreWhatWasAppended) {
  const SharedMatrix base = test::random_matrix(7, 6, 1, DType::f16, 9);
  const SharedMatrix more = test::random_matrix(20, 6, 2, DType::f16, 9);
  GrownRows rows(base.view, 20);
  expect_rows(rows.view(7), base.view, more.view.slice(0, 0));
  rows.append(more.view.slice(0, 1));
  rows.append(more.view.slice(1, 19));
  EXPECT_EQ(rows.rows(), 27U);
  EXPECT_EQ(rows.room(), 0U);
  expect_rows(rows.view(27), base.view, more.view);
  expect_rows(rows.view(10), base.view, more.view.slice(0, 3));
  EXPECT_EQ(rows.view(5).base.rows, 5U);
}

TEST(GrownRows, TruncationAndGrowthAreAnotherHistory) {
  const SharedMatrix base = test::random_matrix(7, 6, 1);
  const SharedMatrix more = test::random_matrix(20, 6, 2);
  for (const std::size_t kept : {12U, 7U, 4U, 0U}) {
    GrownRows rows(base.view, 20);
    rows.append(more.view.slice(0, 10));
    rows.truncate(18);
    EXPECT_EQ(rows.rows(), 17U);
    rows.truncate(kept);
    EXPECT_EQ(rows.rows(), kept);
    EXPECT_EQ(rows.base_rows(), std::min<std::size_t>(kept, 7));
    rows.append(more.view.slice(kept, 5));
    if (kept <= 7) expect_rows(rows.view(kept + 5), base.view.slice(0, kept), more.view.slice(kept, 5));
    EXPECT_EQ(rows.rows(), kept + 5);
  }
}

TEST(GrownRows, RowsBehindOthers) {
  const SharedMatrix base = test::random_matrix(4, 3, 1);
  const SharedMatrix more = test::random_matrix(4, 3, 2);
  GrownRows rows(base.view, 4);
  rows.append(more.view);
  expect_rows(rows.view(8).from(2), base.view.slice(2, 2), more.view);
  expect_rows(rows.view(8).from(4), base.view.slice(4, 0), more.view);
  expect_rows(rows.view(8).from(6), base.view.slice(4, 0), more.view.slice(2, 2));
}

TEST(GrownRows, CopiesShareChunksUntilTheyWriteBehindTheSameRows) {
  const SharedMatrix base = test::random_matrix(4, 3, 1);
  const SharedMatrix more = test::random_matrix(1000, 3, 2);
  const SharedMatrix others = test::random_matrix(1000, 3, 3);
  GrownRows rows(base.view, 1000);
  rows.append(more.view.slice(0, 700));
  GrownRows copy(rows, 4 + 600);
  EXPECT_EQ(copy.inherited_rows(), 600U);
  EXPECT_EQ(copy.view(604).row(603), rows.view(604).row(603));
  rows.append(more.view.slice(700, 300));
  copy.append(others.view.slice(600, 400));
  EXPECT_EQ(copy.inherited_rows(), 512U);
  EXPECT_EQ(copy.view(604).row(4 + 511), rows.view(604).row(4 + 511));
  EXPECT_NE(copy.view(604).row(603), rows.view(604).row(603));
  expect_rows(rows.view(1004), base.view, more.view);
  expect_rows(copy.view(604), base.view, more.view.slice(0, 600));
  expect_rows(copy.view(1004).from(604), base.view.slice(0, 0), others.view.slice(600, 400));
  // Into what both hold.
  GrownRows third(copy, 1004);
  copy.truncate(4 + 100);
  copy.append(others.view.slice(100, 50));
  expect_rows(third.view(604), base.view, more.view.slice(0, 600));
  expect_rows(copy.view(104), base.view, more.view.slice(0, 100));
  expect_rows(copy.view(154).from(104), base.view.slice(0, 0), others.view.slice(100, 50));
  GrownRows short_copy(third, 2);
  EXPECT_EQ(short_copy.rows(), 2U);
  short_copy.append(more.view.slice(0, 5));
  expect_rows(short_copy.view(7), base.view.slice(0, 2), more.view.slice(0, 5));
}

// FAULTS F3.
TEST(GrownRows, F3_WhatReadersMayLookAtStaysUntilItIsDropped) {
  const SharedMatrix base = test::random_matrix(0, 3, 1);
  const SharedMatrix more = test::random_matrix(6000, 3, 2);
  GrownRows rows(base.view, 6000);
  rows.append(more.view.slice(0, 10));
  const SplitRows before = rows.view(10);
  for (std::size_t i = 10; i < 6000; i += 10) rows.append(more.view.slice(i, 10));
  expect_rows(before, base.view, more.view.slice(0, 10));
  rows.drop_retired();
  expect_rows(rows.view(6000), base.view, more.view);
}

// Rows in pages of three, in the order 2, 0, 3, 1, ...
struct Pool {
  SharedMatrix rows = test::random_matrix(30, 6, 4, DType::f16, 6);
  std::vector<std::uint32_t> table = {2, 0, 3, 1, 5, 4};

  PageRows pages() const {
    const std::size_t row = rows.view.row_stride * 2;
    return {static_cast<const std::byte*>(rows.view.data), table.data(), 3, 3 * row, row};
  }
  SharedMatrix in_order(std::size_t count) const {
    return gather({rows.view.data, DType::f16, count, 6, rows.view.row_stride, table, 3, 0});
  }
};

TEST(GrownRows, RowsInPagesAreBorrowed) {
  const Pool pool;
  GrownRows rows(MatrixView(nullptr, DType::f16, 4, 6), 10, pool.pages());
  EXPECT_TRUE(rows.paged());
  expect_rows(rows.view(4), pool.in_order(4).view, pool.rows.view.slice(0, 0));
  rows.reserve(5);
  rows.grow(5);
  EXPECT_EQ(rows.rows(), 9U);
  EXPECT_EQ(rows.room(), 5U);
  EXPECT_EQ(rows.held_rows(9), 0U);
  const SplitRows before = rows.view(9);
  expect_rows(before, pool.in_order(9).view, pool.rows.view.slice(0, 0));
  EXPECT_EQ(before.row(3), pool.rows.view.row(0));

  const GrownRows copy(rows, 7);
  rows.truncate(2);
  expect_rows(copy.view(7), pool.in_order(7).view, pool.rows.view.slice(0, 0));
  EXPECT_EQ(copy.inherited_rows(), 0U);
  EXPECT_EQ(rows.base_rows(), 2U);
}

TEST(GrownRows, PagesThatMoveAreLookedForInTheirNewPlace) {
  const Pool pool;
  const Pool moved;
  GrownRows rows(MatrixView(nullptr, DType::f16, 0, 6), 20, pool.pages());
  rows.grow(8);
  const SplitRows before = rows.view(8);
  rows.place(moved.pages());
  EXPECT_EQ(before.row(1), pool.rows.view.row(7));  // readers go on where they began
  EXPECT_EQ(rows.view(8).row(1), moved.rows.view.row(7));
  rows.drop_retired();
  expect_rows(rows.view(8), moved.in_order(8).view, pool.rows.view.slice(0, 0));
}

TEST(GrownRows, RowsOfPagesThatFollowEachOtherAreOnePlace) {
  const Pool pool;
  const GrownRows rows(MatrixView(nullptr, DType::f16, 18, 6), 20, pool.pages());
  const SplitRows all = rows.view(18);
  EXPECT_EQ(in_one_place(all, 0, 3).view.data, pool.rows.view.row(6));
  EXPECT_EQ(in_one_place(all, 1, 3).view.data, pool.rows.view.row(7));
  EXPECT_NE(in_one_place(all, 1, 4).view.data, pool.rows.view.row(7));
  const std::vector<std::uint32_t> straight = {0, 1, 2, 3, 4, 5};
  PageRows pages = pool.pages();
  pages.table = straight.data();
  const GrownRows in_order(MatrixView(nullptr, DType::f16, 18, 6), 20, pages);
  const SharedMatrix whole = in_one_place(in_order.view(18), 0, 18);
  EXPECT_EQ(whole.view.data, pool.rows.view.data);
  EXPECT_EQ(whole.view.row_stride, pool.rows.view.row_stride);
}

}  // namespace
}  // namespace rattan
