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

QueryRows take(RecentQueries& recent) {
  const QueryRows rows = recent.copy();
  recent.forget(rows.end);
  return rows;
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
    expect_rows(take(recent), queries.view, 0, 10);
    EXPECT_EQ(take(recent).view().rows, 0U);
    recent.add(queries.view.slice(2, 3));
    expect_rows(take(recent), queries.view, 2, 3);
  }
}

TEST(RecentQueries, TheOldestGiveWay) {
  const SharedMatrix queries = test::random_matrix(40, 3, 2);
  for (const std::size_t step : {1U, 3U, 5U, 20U, 40U}) {
    RecentQueries recent(3, 7);
    for (std::size_t row = 0; row < 40; row += step) {
      recent.add(queries.view.slice(row, std::min<std::size_t>(step, 40 - row)));
    }
    expect_rows(take(recent), queries.view, 33, 7);
  }
}

TEST(RecentQueries, WhatCameBehindACopyStays) {
  const SharedMatrix queries = test::random_matrix(40, 3, 2);
  for (const std::size_t before : {0U, 3U, 7U, 10U, 20U}) {
    for (const std::size_t behind : {0U, 1U, 4U, 7U, 9U}) {
      RecentQueries recent(3, 7);
      recent.add(queries.view.slice(0, before));
      const QueryRows copy = recent.copy();
      EXPECT_EQ(copy.end, recent.end());
      recent.add(queries.view.slice(before, behind));
      const std::size_t held = std::min<std::size_t>(before + behind, 7);
      expect_rows(recent.copy(), queries.view, before + behind - held, held);
      recent.forget(copy.end);
      const std::size_t newer = std::min<std::size_t>(behind, 7);
      EXPECT_EQ(recent.bytes(), newer * 3 * sizeof(float));
      expect_rows(recent.copy(), queries.view, before + behind - newer, newer);
      recent.add(queries.view.slice(0, 10));
      expect_rows(recent.copy(), queries.view, 3, 7);
      recent.forget();
      EXPECT_EQ(recent.bytes(), 0U);
    }
  }
}

TEST(RecentQueries, NoneAreKeptWhereNoneMayBe) {
  RecentQueries recent(3, 0);
  recent.add(test::random_matrix(4, 3, 3).view);
  EXPECT_EQ(recent.bytes(4), 0U);
  EXPECT_EQ(take(recent).view().rows, 0U);
}

}  // namespace
}  // namespace rattan
