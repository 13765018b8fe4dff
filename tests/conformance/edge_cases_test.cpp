// The inputs of tests/FAULTS.md, C and D, for every kind: a clear error or a right answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kinds.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr std::size_t dim = 9;

class EdgeCases : public EveryKind {
 protected:
  void expect_refused(const Index& index, const MatrixView& queries, const SearchParams& params,
                      std::string_view part) const {
    expect_error(ErrorCode::invalid_argument, part, [&] { index.search(queries, params); });
  }
};

// FAULTS C1.
TEST_P(EdgeCases, C1_NoNeighboursAreWanted) {
  const SharedMatrix queries = random_matrix(4, dim, 2);
  const NeighborTable table = build(random_matrix(50, dim, 1))->search(queries.view, widest(0, 2));
  EXPECT_EQ(table.rows(), 4U);
  EXPECT_EQ(table.k(), 0U);
  EXPECT_EQ(table.stats.size(), 2U);
}

// FAULTS C2, E6.
TEST_P(EdgeCases, C2_E6_MoreNeighboursThanKeys) {
  const SharedMatrix keys = random_matrix(50, dim, 1);
  const SharedMatrix queries = random_matrix(4, dim, 2);
  const auto index = build(keys);
  const NeighborTable found = index->search(queries.view, widest(80, 2));
  expect_valid(found, *index, queries.view, widest(80, 2));
  for (std::size_t row = 0; row < 4; ++row) EXPECT_GE(found.count(row), GetParam().exact ? 50U : 45U);
}

// FAULTS C3, C4.
TEST_P(EdgeCases, C3_C4_HardlyAnyKeys) {
  const SharedMatrix queries = random_matrix(4, dim, 2);
  for (const std::size_t rows : {0U, 1U, 2U, 3U}) {
    const SharedMatrix keys = random_matrix(rows, dim, 1);
    for (const Metric metric : all_metrics) {
      const auto index = build(keys, metric);
      for (const std::uint32_t k : {1U, 2U, 5U}) {
        SearchParams params;
        params.k = k;
        params.group = 2;
        const NeighborTable found = index->search(queries.view, params);
        expect_valid(found, *index, queries.view, params);
        expect_neighbors(found, reference_topk(queries.view, keys.view, k, metric), queries.view, keys.view, 1e-3,
                         metric);
      }
    }
  }
}

TEST_P(EdgeCases, NoQueriesAreSearched) {
  const NeighborTable table = build(random_matrix(50, dim, 1))->search(random_matrix(0, dim, 2).view, widest(5, 4));
  EXPECT_EQ(table.rows(), 0U);
  EXPECT_TRUE(table.stats.empty());
}

TEST_P(EdgeCases, OneElementPerKey) {
  const SharedMatrix keys = random_matrix(40, 1, 1);
  const SharedMatrix queries = random_matrix(4, 1, 2);
  const auto index = build(keys, Metric::l2);
  expect_valid(index->search(queries.view, widest(5)), *index, queries.view, widest(5));
}

// FAULTS D4, D14: equal scores, so the smallest ids win wherever every key is reached.
TEST_P(EdgeCases, D4_D14_AllKeysAreEqual) {
  const std::vector<float> values(300 * dim, 0.5F);
  const SharedMatrix keys = make_matrix(values, 300, dim, DType::f16);
  const SharedMatrix queries = random_matrix(4, dim, 2);
  for (const Metric metric : all_metrics) {
    const auto index = build(keys, metric);
    const NeighborTable found = index->search(queries.view, widest(10, 4));
    expect_valid(found, *index, queries.view, widest(10, 4));
    for (std::size_t row = 0; row < 4; ++row) {
      EXPECT_EQ(found.count(row), 10U);
      EXPECT_TRUE(!GetParam().exact || found.ids(row)[9] == 9U) << found.ids(row)[9];
    }
  }
}

// FAULTS D4: equal keys, and keys of two values, with the parameters that a kind takes by itself.
TEST_P(EdgeCases, D4_EqualAndTwoValuedKeysFillEveryRow) {
  const SharedMatrix two = random_matrix(2, dim, 1);
  for (const std::size_t values : {1U, 2U}) {
    std::vector<float> rows;
    for (std::size_t key = 0; key < 3000; ++key) {
      for (const double x : row_values(two.view, key * 7 % 5 % values)) rows.push_back(static_cast<float>(x));
    }
    const SharedMatrix keys = make_matrix(rows, 3000, dim, DType::f16);
    const SharedMatrix queries = random_matrix(8, dim, 2);
    for (const Metric metric : all_metrics) {
      const auto index = build(keys, metric);
      const NeighborTable truth = reference_topk(queries.view, keys.view, 100, metric);
      for (const IdRange range : {IdRange{}, IdRange{500, 2500}}) {
        SearchParams params;
        params.k = 100;
        params.candidate_range = range;
        const NeighborTable found = index->search(queries.view, params);
        expect_valid(found, *index, queries.view, params);
        for (std::size_t row = 0; row < 8; ++row) {
          EXPECT_EQ(found.count(row), 100U);
          EXPECT_NEAR(found.scores(row)[99], truth.scores(row)[99], 0.02) << values;
        }
      }
    }
  }
}

// FAULTS D3.
TEST_P(EdgeCases, D3_AllKeysAreZero) {
  const SharedMatrix keys = make_matrix(std::vector<float>(100 * dim, 0.0F), 100, dim);
  const SharedMatrix queries = make_matrix(std::vector<float>(2 * dim, 0.0F), 2, dim);
  const auto index = build(keys);
  const NeighborTable found = index->search(queries.view, widest(5));
  expect_valid(found, *index, queries.view, widest(5));
  EXPECT_EQ(found.count(0), 5U);
  EXPECT_EQ(found.scores(0)[0], 0.0F);
}

// FAULTS D4: every key four times.
TEST_P(EdgeCases, D4_Duplicates) {
  std::vector<float> values;
  const SharedMatrix once = random_matrix(100, dim, 1);
  for (int copy = 0; copy < 4; ++copy) {
    for (std::size_t row = 0; row < 100; ++row) {
      for (const double value : row_values(once.view, row)) values.push_back(static_cast<float>(value));
    }
  }
  const SharedMatrix keys = make_matrix(values, 400, dim);
  const SharedMatrix queries = random_matrix(4, dim, 2);
  const auto index = build(keys);
  const NeighborTable found = index->search(queries.view, widest(8));
  expect_valid(found, *index, queries.view, widest(8));
  for (std::size_t row = 0; row < 4; ++row) EXPECT_EQ(found.count(row), 8U);
}

// FAULTS D1, D2.
TEST_P(EdgeCases, D1_D2_NanAndInfinityAreRefused) {
  const SharedMatrix good_keys = random_matrix(40, dim, 1);
  const auto index = build(good_keys);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const DType dtype : all_dtypes) {
      const SharedMatrix keys = random_matrix(40, dim, 1, dtype);
      set_element(keys, 23, 4, bad);
      expect_error(ErrorCode::invalid_argument, "keys", [&] { build(keys); });
      expect_error(ErrorCode::invalid_argument, "23", [&] { build(keys); });
      const SharedMatrix queries = random_matrix(4, dim, 1, dtype);
      set_element(queries, 3, 8, bad);
      expect_refused(*index, queries.view, widest(5), "queries");
    }
  }
}

// FAULTS D7: finite values whose products are not.
TEST_P(EdgeCases, D7_ProductsThatOverflowNeverBecomeResultsWithNan) {
  std::vector<float> values;
  for (std::size_t i = 0; i < 200 * dim; ++i) {
    values.push_back((i % 3 == 0 ? -1.0F : 1.0F) * (i % 7 == 0 ? 3e38F : 0.5F));
  }
  const SharedMatrix keys = make_matrix(values, 200, dim);
  const SharedMatrix queries = make_matrix(std::span<const float>(values).first(4 * dim), 4, dim);
  for (const Metric metric : all_metrics) {
    const NeighborTable found = build(keys, metric)->search(queries.view, widest(10, 2));
    for (std::size_t row = 0; row < 4; ++row) {
      for (std::size_t i = 0; i < found.count(row); ++i) EXPECT_FALSE(std::isnan(found.scores(row)[i]));
    }
  }
}

TEST_P(EdgeCases, WrongArgumentsAreNamed) {
  const auto index = build(random_matrix(40, dim, 1));
  const SharedMatrix queries = random_matrix(6, dim, 2);
  expect_refused(*index, random_matrix(6, dim + 1, 2).view, widest(5), "dim");
  expect_refused(*index, queries.view, widest(5, 4), "group");
  expect_refused(*index, queries.view, widest(5, 0), "group");
  expect_refused(*index, queries.view, widest(5, 9), "group");
  SearchParams params = widest(5);
  const std::vector<KeyId> start_keys{40};
  params.start_keys = start_keys;
  expect_refused(*index, queries.view, params, "start_keys");
  params = widest(5);
  params.candidate_range = {9, 8};
  expect_refused(*index, queries.view, params, "candidate_range");
}

TEST_P(EdgeCases, KeysWithoutAShapeAreRefused) {
  expect_error(ErrorCode::invalid_argument, "keys", [&] { build(SharedMatrix{}); });
  const SharedMatrix good = random_matrix(4, dim, 1);
  MatrixView narrow = good.view;
  narrow.row_stride = dim - 1;
  expect_error(ErrorCode::invalid_argument, "keys", [&] { build(narrow); });
}

RATTAN_FOR_EVERY_KIND(EdgeCases);

}  // namespace
}  // namespace rattan::test
