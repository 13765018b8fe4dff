#include "context/head_evidence.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

struct TwoHeads {
  explicit TwoHeads(std::size_t rows)
      : a(random_matrix(rows, 8, 1)), b(random_matrix(rows, 8, 2)), views{a.view, b.view} {}
  HeadQueries queries(std::span<const std::int64_t> positions = {}) const { return {views, positions}; }
  SharedMatrix a;
  SharedMatrix b;
  std::vector<MatrixView> views;
};

TEST(HeadEvidence, HoldsOutASixteenthAtMost256Rows) {
  EXPECT_EQ(held_out_rows(0), 0U);
  EXPECT_EQ(held_out_rows(15), 0U);
  EXPECT_EQ(held_out_rows(16), 1U);
  EXPECT_EQ(held_out_rows(1600), 100U);
  EXPECT_EQ(held_out_rows(1 << 20), 256U);
}

TEST(HeadEvidence, CalibrationHasTheHeadsOfAPositionTogether) {
  const TwoHeads heads(320);  // 20 held out: 300 to 319
  const Calibration calibration = gather_calibration(heads.queries(), 5);
  ASSERT_EQ(calibration.positions, (std::vector<std::int64_t>{300, 304, 308, 312, 316}));
  ASSERT_EQ(calibration.queries.view.rows, 10U);
  for (std::size_t g = 0; g < 5; ++g) {
    const auto row = static_cast<std::size_t>(calibration.positions[g]);
    EXPECT_EQ(row_values(calibration.queries.view, 2 * g), row_values(heads.a.view, row));
    EXPECT_EQ(row_values(calibration.queries.view, 2 * g + 1), row_values(heads.b.view, row));
  }
}

TEST(HeadEvidence, CalibrationTakesGivenPositions) {
  const TwoHeads heads(32);
  std::vector<std::int64_t> positions(32);
  for (std::size_t i = 0; i < 32; ++i) positions[i] = static_cast<std::int64_t>(3 * i);
  EXPECT_EQ(gather_calibration(heads.queries(positions), 8).positions, (std::vector<std::int64_t>{90, 93}));
}

TEST(HeadEvidence, FewRowsCalibrateNothing) {
  const TwoHeads heads(10);
  EXPECT_TRUE(gather_calibration(heads.queries(), 8).positions.empty());
  EXPECT_TRUE(gather_calibration({}, 8).positions.empty());
}

TEST(HeadEvidence, LinksAreOfRowsThatAreNotHeldOut) {
  const TwoHeads heads(320);
  const SharedMatrix keys = random_matrix(50, 8, 3);
  const auto exact = make_exact_topk_cpu(&serial_executor());
  const std::vector<NeighborTable> links = make_links(heads.queries(), test::checked(keys), 6, 100, *exact);
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].rows(), 100U);  // every third of 300
  EXPECT_EQ(links[0].k(), 6U);
  EXPECT_EQ(links[1], exact->find(heads.b.view.slice(0, 300).every(3), keys.view, 6, Metric::inner_product));
}

TEST(HeadEvidence, LinksAreNoMoreThanKeys) {
  const TwoHeads heads(32);
  const SharedMatrix keys = random_matrix(4, 8, 3);
  const auto exact = make_exact_topk_cpu(&serial_executor());
  EXPECT_EQ(make_links(heads.queries(), test::checked(keys), 6, 100, *exact).front().k(), 4U);
  EXPECT_TRUE(make_links(heads.queries(), test::checked(keys).slice(0, 0), 6, 100, *exact).empty());
  EXPECT_TRUE(make_links({}, test::checked(keys), 6, 100, *exact).empty());
}

// Several numbers of rows around where every second or third is linked.
TEST(HeadEvidence, CopiesMakeWhatAllRowsMake) {
  const SharedMatrix keys = random_matrix(50, 8, 3);
  const auto exact = make_exact_topk_cpu(&serial_executor());
  for (const std::size_t rows : {0U, 1U, 15U, 16U, 40U, 159U, 160U, 161U, 320U, 1000U}) {
    for (const std::size_t most : {1U, 2U, 3U, 100U, 1000U}) {
      const TwoHeads heads(rows);
      std::vector<std::int64_t> positions;
      for (std::size_t i = 0; i < rows; ++i) positions.push_back(static_cast<std::int64_t>(7 + 2 * i));
      const HeadQueries all = heads.queries(positions);
      const CopiedQueries copied(all, most);
      EXPECT_LE(copied.queries().rows(), held_out_rows(rows) + 2 * most);
      EXPECT_EQ(make_links(copied.queries(), test::checked(keys), 6, most, *exact),
                make_links(all, test::checked(keys), 6, most, *exact));
      const Calibration found = gather_calibration(copied.queries(), 5);
      const Calibration wanted = gather_calibration(all, 5);
      EXPECT_EQ(found.positions, wanted.positions);
      for (std::size_t i = 0; i < wanted.queries.view.rows; ++i) {
        EXPECT_EQ(row_values(found.queries.view, i), row_values(wanted.queries.view, i));
      }
    }
  }
}

}  // namespace
}  // namespace rattan::test
