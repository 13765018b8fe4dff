#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "rattan/evaluate.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

struct Row {
  std::vector<KeyId> ids;
  std::vector<float> scores;
};

NeighborTable table(std::size_t k, const std::vector<Row>& rows) {
  NeighborTable result(rows.size(), k);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::copy(rows[r].ids.begin(), rows[r].ids.end(), result.ids(r).begin());
    std::copy(rows[r].scores.begin(), rows[r].scores.end(), result.scores(r).begin());
  }
  return result;
}

TEST(Recall, CountsTheShareOfTruthThatWasFound) {
  const auto truth = table(4, {{{1, 2, 3, 4}, {9, 8, 7, 6}}});
  EXPECT_DOUBLE_EQ(recall_per_row(truth, truth)[0], 1.0);
  EXPECT_DOUBLE_EQ(recall_per_row(table(4, {{{1, 3, 7, 8}, {9, 7, 5, 4}}}), truth)[0], 0.5);
  EXPECT_DOUBLE_EQ(recall_per_row(table(4, {{{}, {}}}), truth)[0], 0.0);
}

TEST(Recall, MoreOrFewerFoundKeysThanTruthAreAllowed) {
  const auto truth = table(2, {{{1, 2}, {9, 8}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(5, {{{1, 2, 3, 4, 5}, {9, 8, 7, 6, 5}}}), truth)[0], 1.0);
  EXPECT_DOUBLE_EQ(recall_per_row(table(1, {{{1}, {9}}}), truth)[0], 0.5);
}

TEST(Recall, AnyKeyTiedWithTheLastFillsATiedPlace) {
  const auto truth = table(3, {{{1, 4, 5}, {9, 7, 7}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{1, 8, 9}, {9, 7, 7}}}), truth)[0], 1.0);
  // 1e-7 apart: another summation order of the same product.
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{1, 8, 9}, {9, 7.0000005F, 6.9999995F}}}), truth)[0], 1.0);
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{1, 8, 9}, {9, 6.999F, 6.999F}}}), truth)[0], 1.0 / 3);
}

TEST(Recall, TiesNeverStandForABetterKey) {
  const auto truth = table(3, {{{1, 2, 5}, {9, 8, 7}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{5, 6, 8}, {7, 7, 7}}}), truth)[0], 1.0 / 3);
}

TEST(Recall, KeysOutsideTheTruthWithInflatedScoresDoNotCount) {
  const auto truth = table(2, {{{1, 2}, {9, 8}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(2, {{{1, 7}, {9, 8.03F}}}), truth)[0], 0.5);
}

TEST(Recall, ATruthKeyCountsWhateverItsFoundScore) {
  const auto truth = table(2, {{{1, 2}, {9, 8}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(2, {{{1, 2}, {8.9F, 7.9F}}}), truth)[0], 1.0);
}

TEST(Recall, ARepeatedKeyCountsOnce) {
  const auto truth = table(3, {{{1, 2, 3}, {9, 8, 7}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{1, 1, 1}, {9, 9, 9}}}), truth)[0], 1.0 / 3);
}

TEST(Recall, AllKeysEqual) {
  const auto truth = table(3, {{{0, 1, 2}, {5, 5, 5}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{7, 8, 9}, {5, 5, 5}}}), truth)[0], 1.0);
  const auto zeros = table(3, {{{0, 1, 2}, {0, 0, 0}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(3, {{{7, 8, 9}, {0, 0, 0}}}), zeros)[0], 1.0);
}

TEST(Recall, ShortAndEmptyTruthRows) {
  const auto truth = table(3, {{{1}, {9}}, {{}, {}}});
  const auto found = table(3, {{{1, 2, 3}, {9, 3, 2}}, {{4}, {1}}});
  EXPECT_EQ(recall_per_row(found, truth), (std::vector<double>{1.0, 1.0}));
}

TEST(Recall, NanScoresAreNoTies) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto truth = table(1, {{{1}, {9}}});
  EXPECT_DOUBLE_EQ(recall_per_row(table(1, {{{2}, {nan}}}), truth)[0], 0.0);
}

TEST(Recall, MeanOverRows) {
  const auto truth = table(2, {{{1, 2}, {9, 8}}, {{3, 4}, {9, 8}}});
  EXPECT_DOUBLE_EQ(mean_recall(table(2, {{{1, 2}, {9, 8}}, {{3, 5}, {9, 7}}}), truth), 0.75);
  EXPECT_DOUBLE_EQ(mean_recall(NeighborTable(0, 5), NeighborTable(0, 5)), 1.0);
}

TEST(Recall, RowsMustAgree) {
  test::expect_error(ErrorCode::invalid_argument, "rows",
                     [] { recall_per_row(NeighborTable(2, 5), NeighborTable(3, 5)); });
}

}  // namespace
}  // namespace rattan
