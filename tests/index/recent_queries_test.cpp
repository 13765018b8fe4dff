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
    RecentQueries recent(5, 100);
    recent.add(queries.view.slice(0, 4));
    recent.add(queries.view.slice(4, 6));
    EXPECT_EQ(recent.bytes(), 10 * 5 * sizeof(float));
    EXPECT_EQ(recent.bytes(3), 13 * 5 * sizeof(float));
    EXPECT_EQ(recent.bytes(91), 100 * 5 * sizeof(float));
    expect_rows(recent.take(), queries.view, 0, 10);
    EXPECT_EQ(recent.take().view().rows, 0U);
    recent.add(queries.view.slice(2, 3));
    expect_rows(recent.take(), queries.view, 2, 3);
  }
}

TEST(RecentQueries, TheOldestGiveWay) {
  const SharedMatrix queries = test::random_matrix(40, 3, 2);
  for (const std::size_t step : {1U, 3U, 5U, 20U, 40U}) {
    RecentQueries recent(3, 7);
    for (std::size_t row = 0; row < 40; row += step) {
      recent.add(queries.view.slice(row, std::min<std::size_t>(step, 40 - row)));
    }
    expect_rows(recent.take(), queries.view, 33, 7);
  }
}

TEST(RecentQueries, NoneAreKeptWhereNoneMayBe) {
  RecentQueries recent(3, 0);
  recent.add(test::random_matrix(4, 3, 3).view);
  EXPECT_EQ(recent.bytes(4), 0U);
  EXPECT_EQ(recent.take().view().rows, 0U);
}

}  // namespace
}  // namespace rattan
