#include "core/grown_rows.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
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

TEST(GrownRows, ACapacityThatCannotBeCountedIsRefused) {
  const SharedMatrix base = test::random_matrix(4, 3, 1);
  test::expect_error(ErrorCode::invalid_argument, "capacity",
                     [&] { GrownRows(base.view, static_cast<std::size_t>(-1)); });
}

}  // namespace
}  // namespace rattan
