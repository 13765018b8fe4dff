#include "index/recent_queries.h"

#include <gtest/gtest.h>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

void expect_rows(const QueryRows& taken, const MatrixView& from, std::size_t first, std::size_t count) {
  ASSERT_EQ(taken.view().rows, count);
  for (std::size_t row = 0; row < count; ++row) {
    EXPECT_EQ(test::row_values(taken.view(), row), test::row_values(from, first + row)) << row;
  }
}

TEST(RecentQueries, AreTakenOnceOldestFirst) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix queries = test::random_matrix(10, 5, 1, dtype, 7);
    RecentQueries noted(5, 100);
    noted.add(queries.view.slice(0, 4));
    noted.add(queries.view.slice(4, 6));
    EXPECT_EQ(noted.bytes(), 10 * 5 * sizeof(float));
    EXPECT_EQ(noted.bytes(3), 13 * 5 * sizeof(float));
    EXPECT_EQ(noted.bytes(91), 100 * 5 * sizeof(float));
    expect_rows(noted.take(), queries.view, 0, 10);
    EXPECT_EQ(noted.take().view().rows, 0U);
    noted.add(queries.view.slice(2, 3));
    expect_rows(noted.take(), queries.view, 2, 3);
  }
}

TEST(RecentQueries, TheOldestGiveWay) {
  const SharedMatrix queries = test::random_matrix(40, 3, 2);
  for (const std::size_t step : {1U, 3U, 5U, 20U, 40U}) {
    RecentQueries noted(3, 7);
    for (std::size_t row = 0; row < 40; row += step) {
      noted.add(queries.view.slice(row, std::min<std::size_t>(step, 40 - row)));
    }
    expect_rows(noted.take(), queries.view, 33, 7);
  }
}

TEST(RecentQueries, NoneAreKeptWhereNoneMayBe) {
  RecentQueries noted(3, 0);
  noted.add(test::random_matrix(4, 3, 3).view);
  EXPECT_EQ(noted.bytes(4), 0U);
  EXPECT_EQ(noted.take().view().rows, 0U);
}

}  // namespace
}  // namespace rattan
