#include "datasets/bare_head.h"

#include <gtest/gtest.h>

#include "tests/datasets/vector_files.h"
#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::random_matrix;
using test::row_values;

using Positions = std::vector<std::int64_t>;

BareHead bare(std::size_t keys, std::size_t rows, std::size_t heads = 1) {
  BareHead head{.keys_name = "the keys", .queries_name = "the queries", .values_name = "the values"};
  head.keys = random_matrix(keys, 4, 1);
  for (std::size_t i = 0; i < heads; ++i) head.queries.push_back(random_matrix(rows, 4, 10 + i));
  return head;
}

TEST(BareHead, KeysBehindAGivenPrefillBelongToTheLastQueries) {
  const KvGroup group = make_group(bare(20, 9), {.prefill = 17});
  EXPECT_EQ(group.prefill, 17U);
  EXPECT_EQ(group.decode_positions, (Positions{17, 18, 19}));
  EXPECT_EQ(group.prefill_positions, Positions(6, 16));
  EXPECT_EQ(row_values(group.decode_queries[0].view, 0), row_values(bare(20, 9).queries[0].view, 6));

  const KvGroup aligned = make_group(bare(20, 20), {.prefill = 17});
  EXPECT_EQ(aligned.decode_positions, (Positions{17, 18, 19}));
  EXPECT_EQ(aligned.prefill_positions.at(5), 5);
}

TEST(BareHead, APrefillOfAllKeysLeavesTheShare) {
  const KvGroup group = make_group(bare(20, 48), {.prefill = 20});
  EXPECT_EQ(group.prefill, 20U);
  EXPECT_EQ(group.decode_positions, Positions(3, 19));
}

TEST(BareHead, TrainingQueriesLeaveTheOthersToBeDecoded) {
  BareHead head = bare(20, 5, 2);
  head.training = {random_matrix(7, 4, 30), random_matrix(7, 4, 31)};
  const KvGroup group = make_group(head, {});
  EXPECT_EQ(group.prefill, 20U);
  EXPECT_EQ(group.heads(), 2U);
  EXPECT_EQ(group.prefill_queries[1].view.rows, 7U);
  EXPECT_EQ(group.decode_positions, Positions(5, 19));
  EXPECT_EQ(make_group(head, {.prefill = 15}).decode_positions, (Positions{15, 16, 17, 18, 19}));
}

TEST(BareHead, RowsOfHeadsTakeTurns) {
  const std::vector<SharedMatrix> heads = {random_matrix(5, 4, 1), random_matrix(5, 4, 2), random_matrix(5, 4, 3)};
  const std::vector<SharedMatrix> split = split_heads(test::interleave(heads), 3, "rows");
  ASSERT_EQ(split.size(), 3U);
  for (std::size_t head = 0; head < 3; ++head) {
    ASSERT_EQ(split[head].view.rows, 5U);
    for (std::size_t row = 0; row < 5; ++row) {
      EXPECT_EQ(row_values(split[head].view, row), row_values(heads[head].view, row));
    }
  }
  expect_error(ErrorCode::corrupt, "rows: has 5 rows, no multiple of the 2 query heads",
               [&] { split_heads(heads[0], 2, "rows"); });
}

TEST(BareHead, ValuesMayBeNarrower) {
  BareHead head = bare(20, 20);
  head.values = random_matrix(20, 2, 5);
  EXPECT_EQ(make_group(head, {}).values.view.cols, 2U);
  head.values = random_matrix(19, 4, 5);
  expect_error(ErrorCode::corrupt, "the values: is 19 by 4", [&] { make_group(head, {}); });
}

TEST(BareHead, WhatDisagreesIsNamed) {
  expect_error(ErrorCode::invalid_argument, "the keys: prefill is 21, allowed is 1 to the 20 keys",
               [] { make_group(bare(20, 20), {.prefill = 21}); });
  expect_error(ErrorCode::invalid_argument, "the queries: prefill is 10, so the last 10 query rows",
               [] { make_group(bare(20, 9), {.prefill = 10}); });
  expect_error(ErrorCode::corrupt, "the queries: has no rows", [] { make_group(bare(20, 0), {}); });
  expect_error(ErrorCode::corrupt, "the queries: has no rows", [] { make_group(bare(20, 5, 0), {}); });
  BareHead head = bare(20, 5, 2);
  head.queries[1] = random_matrix(6, 4, 1);
  expect_error(ErrorCode::corrupt, "the queries: has 6 rows, the first head has 5", [&] { make_group(head, {}); });
  head.queries[1] = random_matrix(5, 4, 1, DType::f16);
  expect_error(ErrorCode::corrupt, "the queries: is f16, the first head is f32", [&] { make_group(head, {}); });
  expect_error(ErrorCode::invalid_argument, "group", [] { make_group(bare(20, 9), {.group = 5000}); });
}

TEST(BareHead, NeighborsAreRowsOfTheKeys) {
  EXPECT_NO_THROW(check_neighbors({2, 2, {0, -1, 19, 3}}, 20, 2, "file"));
  expect_error(ErrorCode::corrupt, "file: names the neighbour 20, allowed is -1 to 19", [] {
    check_neighbors({2, 2, {0, 1, 20, 3}}, 20, 2, "file");
  });
  expect_error(ErrorCode::corrupt, "-2", [] { check_neighbors({1, 1, {-2}}, 20, 1, "file"); });
  expect_error(ErrorCode::corrupt, "neighbours of 1 queries, there are 2", [] {
    check_neighbors({1, 1, {0}}, 20, 2, "file");
  });
}

}  // namespace
}  // namespace rattan::datasets
