#include "scan/flat_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t most_queries = 13;  // every remainder of four, with several passes

NeighborTable scan(const Scorer& scorer, const MatrixView& queries, std::uint32_t k, const std::vector<IdRange>& ranges,
                   FlatScratch& scratch) {
  PreparedQueries prepared;
  scorer.prepare(queries, prepared);
  std::vector<TopK> tops(queries.rows, TopK(k));
  for (const IdRange range : ranges) flat_scan(scorer, prepared, range, tops, scratch);
  NeighborTable table(queries.rows, k);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    write_row(tops[row].sorted(), table.ids(row), table.scores(row));
  }
  return table;
}

TEST(FlatScan, MatchesBruteForceInDouble) {
  FlatScratch scratch;
  for (const Metric metric : test::all_metrics) {
    for (const DType type : test::all_dtypes) {
      const SharedMatrix keys = test::random_matrix(1000, 40, 1, type, 43);
      for (std::size_t group = 1; group <= most_queries; ++group) {
        const SharedMatrix queries = test::random_matrix(group, 40, group);
        const Scorer scorer(keys.view, metric);
        const NeighborTable found = scan(scorer, queries.view, 10, {IdRange{}}, scratch);
        const NeighborTable truth = test::reference_topk(queries.view, keys.view, 10, metric);
        test::expect_neighbors(found, truth, queries.view, keys.view, 2e-4, metric);
        EXPECT_EQ(found, test::row_scan(queries.view, keys.view, 10, metric));
      }
    }
  }
}

// Scores are the scorer's.
TEST(FlatScan, ReportsTheScorersScores) {
  const SharedMatrix keys = test::random_matrix(700, 64, 2, DType::bf16);
  const SharedMatrix queries = test::random_matrix(4, 64, 3);
  const Scorer scorer(keys.view, Metric::inner_product);
  FlatScratch scratch;
  const NeighborTable found = scan(scorer, queries.view, 700, {IdRange{}}, scratch);
  std::vector<const void*> rows;
  for (std::size_t q = 0; q < 4; ++q) {
    PreparedQueries prepared;
    scorer.prepare(queries.view.slice(q, 1), prepared);
    ASSERT_EQ(found.count(q), 700U);
    for (std::size_t i = 0; i < 700; ++i) {
      float score = 0;
      scorer.score(prepared, found.ids(q).subspan(i, 1), rows, &score, 1);
      ASSERT_EQ(score, found.scores(q)[i]);
    }
  }
}

TEST(FlatScan, ScansOnlyTheRange) {
  const SharedMatrix keys = test::random_matrix(600, 16, 4, DType::f16);
  const SharedMatrix queries = test::random_matrix(2, 16, 5);
  const Scorer scorer(keys.view, Metric::inner_product);
  FlatScratch scratch;
  for (const IdRange range : {IdRange{0, 0}, IdRange{0, 1}, IdRange{255, 257}, IdRange{3, 599}, IdRange{512, no_key},
                              IdRange{600, 700}, IdRange{900, no_key}, IdRange{7, 3}}) {
    const NeighborTable found = scan(scorer, queries.view, 600, {range}, scratch);
    const std::size_t end = std::min<std::size_t>(range.end, 600);
    ASSERT_EQ(found.count(0), end > range.begin ? end - range.begin : 0);
    for (std::size_t i = 0; i < found.count(1); ++i) ASSERT_TRUE(range.contains(found.ids(1)[i]));
  }
}

TEST(FlatScan, SeveralRangesAddUp) {
  const SharedMatrix keys = test::random_matrix(900, 16, 6);
  const SharedMatrix queries = test::random_matrix(3, 16, 7);
  const Scorer scorer(keys.view, Metric::l2);
  FlatScratch scratch;
  EXPECT_EQ(scan(scorer, queries.view, 20, {IdRange{500, 900}, IdRange{0, 100}, IdRange{100, 500}}, scratch),
            scan(scorer, queries.view, 20, {IdRange{}}, scratch));
}

// FAULTS C1, D4.
TEST(FlatScan, ZeroNeighboursAndEqualKeys) {
  const std::vector<float> ones(400 * 8, 1.0F);
  const SharedMatrix keys = test::make_matrix(ones, 400, 8);
  const Scorer scorer(keys.view, Metric::inner_product);
  FlatScratch scratch;
  EXPECT_EQ(scan(scorer, keys.view.slice(0, 2), 0, {IdRange{}}, scratch).k(), 0U);
  const NeighborTable found = scan(scorer, keys.view.slice(0, 1), 5, {IdRange{}}, scratch);
  EXPECT_TRUE(std::ranges::equal(found.ids(0), std::vector<KeyId>{0, 1, 2, 3, 4}));
}

// FAULTS D2: infinite products cancel to NaN, which must not enter the heap.
TEST(FlatScan, LeavesOutScoresThatOverflowToNan) {
  const std::vector<float> values{3e38F, 3e38F, 1.0F, 1.0F, 2.0F, -3e38F};
  const SharedMatrix keys = test::make_matrix(values, 3, 2);
  const std::vector<float> query{10.0F, -10.0F};
  const Scorer scorer(keys.view, Metric::inner_product);
  FlatScratch scratch;
  const NeighborTable found = scan(scorer, test::make_matrix(query, 1, 2).view, 3, {IdRange{}}, scratch);
  const NeighborTable expected =
      test::row_scan(test::make_matrix(query, 1, 2).view, keys.view, 3, Metric::inner_product);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found.ids(0)[0], 2U);
}

}  // namespace
}  // namespace rattan
