// Which keys exact top-k may return: range, causal positions, recent window. Keys that are not visible score highest in
// these tests, so that one of them in the results shows (candidates inserted before the causal mask
// made 7 % of the links of another builder wrong).
#include "rattan/exact_topk.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t dim = 6;
constexpr std::size_t keys_count = 1300;

// Scores rise with the id for every query: <q, k_i> = i * |q|_1 + noise.
SharedMatrix rising_keys() {
  const SharedMatrix keys = test::random_matrix(keys_count, dim, 1);
  for (std::size_t row = 0; row < keys_count; ++row) {
    for (std::size_t col = 0; col < dim; ++col) {
      const double value = test::element(keys.view, row, col) + static_cast<double>(row);
      test::set_element(keys, row, col, static_cast<float>(value));
    }
  }
  return keys;
}

SharedMatrix positive_queries(std::size_t rows) {
  const SharedMatrix queries = test::random_matrix(rows, dim, 2);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < dim; ++col) {
      const double value = test::element(queries.view, row, col);
      test::set_element(queries, row, col, static_cast<float>(0.5 + 0.1 * value));
    }
  }
  return queries;
}

void expect_visible(const std::vector<std::int64_t>& positions, IdRange range, std::uint32_t recent, std::uint32_t k) {
  const SharedMatrix keys = rising_keys();
  const SharedMatrix queries = positive_queries(positions.size());
  const Visibility visible{.range = range, .positions = positions, .recent = recent};
  const NeighborTable found = make_exact_topk_cpu()->find(queries.view, keys.view, k, Metric::inner_product, visible);
  ASSERT_EQ(found, test::row_scan(queries.view, keys.view, k, Metric::inner_product, visible));
  const NeighborTable truth = test::reference_topk(queries.view, keys.view, k, Metric::inner_product, visible);
  test::expect_neighbors(found, truth, queries.view, keys.view, 5e-2);
  for (std::size_t row = 0; row < positions.size(); ++row) {
    for (std::size_t i = 0; i < found.count(row); ++i) {
      const auto id = static_cast<std::int64_t>(found.ids(row)[i]);
      ASSERT_TRUE(range.contains(found.ids(row)[i]));
      ASSERT_LE(id + recent, positions[row]);
    }
  }
}

std::vector<std::int64_t> every_position() {
  std::vector<std::int64_t> positions;
  for (std::int64_t position = -3; position < static_cast<std::int64_t>(keys_count) + 40; ++position) {
    positions.push_back(position);
  }
  return positions;
}

TEST(ExactTopKVisibility, EveryCausalPosition) { expect_visible(every_position(), {}, 0, 5); }

TEST(ExactTopKVisibility, RecentWindowAndSinksAreLeftOut) { expect_visible(every_position(), {16, no_key}, 33, 40); }

TEST(ExactTopKVisibility, RangeInsideTheKeys) { expect_visible(every_position(), {100, 900}, 7, 10); }

TEST(ExactTopKVisibility, PositionsInAnyOrder) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 500; ++i) positions.push_back((i * 7919) % 1400 - 20);
  expect_visible(positions, {3, 1200}, 5, 9);
}

TEST(ExactTopKVisibility, ExtremePositions) {
  expect_visible({INT64_MIN, -1, 0, INT64_MAX, 1299, 1300}, {}, 0, 4);
  const SharedMatrix keys = rising_keys();
  const SharedMatrix queries = positive_queries(1);
  const std::int64_t position[] = {INT64_MAX};
  const Visibility visible{.range = {}, .positions = position, .recent = UINT32_MAX};
  EXPECT_EQ(make_exact_topk_cpu()->find(queries.view, keys.view, 1, Metric::l2, visible).count(0), 1U);
}

// FAULTS D10: rows that see nothing.
TEST(ExactTopKVisibility, RowsThatSeeNothing) {
  const SharedMatrix keys = rising_keys();
  const SharedMatrix queries = positive_queries(3);
  const std::int64_t positions[] = {9, 4, -5};
  const auto exact = make_exact_topk_cpu();
  const Visibility late{.range = {}, .positions = positions, .recent = 10};
  EXPECT_EQ(exact->find(queries.view, keys.view, 2, Metric::inner_product, late), NeighborTable(3, 2));
  const Visibility mixed{.range = {}, .positions = positions, .recent = 5};
  const NeighborTable found = exact->find(queries.view, keys.view, 2, Metric::inner_product, mixed);
  EXPECT_EQ(found.count(0), 2U);
  EXPECT_EQ(found.count(1), 0U);
  EXPECT_EQ(found.count(2), 0U);
  for (const IdRange range : {IdRange{5, 5}, IdRange{9, 2}, IdRange{1300, 1400}}) {
    const Visibility nothing{.range = range, .positions = {}};
    EXPECT_EQ(exact->find(queries.view, keys.view, 2, Metric::l2, nothing), NeighborTable(3, 2));
  }
}

TEST(ExactTopKVisibility, TiesAtTheCausalEdge) {
  const std::vector<float> ones(700 * dim, 1.0F);
  const SharedMatrix keys = test::make_matrix(ones, 700, dim);
  const SharedMatrix queries = positive_queries(690);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 690; ++i) positions.push_back(i);
  const Visibility visible{.range = {2, no_key}, .positions = positions, .recent = 1};
  EXPECT_EQ(make_exact_topk_cpu()->find(queries.view, keys.view, 8, Metric::inner_product, visible),
            test::row_scan(queries.view, keys.view, 8, Metric::inner_product, visible));
}

}  // namespace
}  // namespace rattan
