#include "rattan/exact_topk.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "tests/scan/row_scan.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

NeighborTable find(const MatrixView& queries, const MatrixView& keys, std::uint32_t k,
                   Metric metric = Metric::inner_product) {
  return make_exact_topk_cpu()->find(queries, keys, k, metric);
}

TEST(ExactTopK, MatchesBruteForceInDoubleForEveryMixOfTypes) {
  for (const Metric metric : test::all_metrics) {
    for (const DType query_type : test::all_dtypes) {
      for (const DType key_type : test::all_dtypes) {
        const SharedMatrix queries = test::random_matrix(17, 40, 1, query_type);
        const SharedMatrix keys = test::random_matrix(900, 40, 2, key_type);
        const NeighborTable found = find(queries.view, keys.view, 20, metric);
        const NeighborTable truth = test::reference_topk(queries.view, keys.view, 20, metric);
        test::expect_neighbors(found, truth, queries.view, keys.view, 1e-4, metric);
        EXPECT_EQ(found, test::row_scan(queries.view, keys.view, 20, metric)) << to_string(key_type);
        EXPECT_TRUE(found.stats.empty());
      }
    }
  }
}

TEST(ExactTopK, RaggedDimsAndCounts) {
  for (const Metric metric : test::all_metrics) {
    for (const std::size_t dim : {1U, 2U, 3U, 5U, 15U, 16U, 17U, 31U, 33U, 63U, 65U, 127U, 128U, 129U, 130U}) {
      const SharedMatrix queries = test::random_matrix(dim % 14 + 1, dim, dim, DType::f32);
      const SharedMatrix keys = test::random_matrix(2 * dim + 50, dim, dim + 1, DType::f16);
      const NeighborTable found = find(queries.view, keys.view, 7, metric);
      ASSERT_EQ(found, test::row_scan(queries.view, keys.view, 7, metric)) << "dim " << dim;
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, 7, metric);
      test::expect_neighbors(found, truth, queries.view, keys.view, 2e-4, metric);
    }
  }
}

TEST(ExactTopK, ManyKeysAndNeighbours) {
  const SharedMatrix queries = test::random_matrix(30, 16, 3);
  const SharedMatrix keys = test::random_matrix(20000, 16, 4, DType::f16);
  for (const std::uint32_t k : {1U, 100U, 3000U}) {
    EXPECT_EQ(find(queries.view, keys.view, k), test::row_scan(queries.view, keys.view, k, Metric::inner_product));
  }
}

TEST(ExactTopK, StridedAndUnalignedViews) {
  for (const DType type : test::all_dtypes) {
    const SharedMatrix queries = test::random_matrix(40, 19, 5, type, 23);
    const SharedMatrix keys = test::random_matrix(600, 19, 6, type, 31);
    const NeighborTable expected = test::row_scan(queries.view.every(3), keys.view.every(2), 9, Metric::inner_product);
    EXPECT_EQ(find(queries.view.every(3), keys.view.every(2), 9), expected);
    const SharedMatrix odd_queries = test::at_offset(queries.view.every(3), 1);
    const SharedMatrix odd_keys = test::at_offset(keys.view.every(2), 3);
    EXPECT_EQ(find(odd_queries.view, odd_keys.view, 9), expected);
  }
}

// FAULTS G12: the same bytes for any number of threads.
TEST(ExactTopK, AnyNumberOfThreads) {
  const SharedMatrix queries = test::random_matrix(301, 24, 7, DType::bf16);
  const SharedMatrix keys = test::random_matrix(2000, 24, 8, DType::bf16);
  std::vector<std::int64_t> positions(301);
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<std::int64_t>((i * 7919) % 2100);
  for (const Metric metric : test::all_metrics) {
    const Visibility visible{.range = {5, 1990}, .positions = positions, .recent = 10};
    const NeighborTable expected = test::row_scan(queries.view, keys.view, 15, metric, visible);
    for (unsigned threads = 1; threads <= 5; ++threads) {
      const std::unique_ptr<Executor> executor = make_openmp_executor(threads);
      const auto exact = make_exact_topk_cpu(executor.get());
      EXPECT_EQ(exact->find(queries.view, keys.view, 15, metric, visible), expected) << threads << " threads";
    }
    EXPECT_EQ(make_exact_topk_cpu(&serial_executor())->find(queries.view, keys.view, 15, metric, visible), expected);
  }
}

// FAULTS C1, C2, C3, C4: degenerate sizes.
TEST(ExactTopK, SmallAndEmptyInputs) {
  const SharedMatrix queries = test::random_matrix(3, 8, 9);
  const SharedMatrix keys = test::random_matrix(5, 8, 10);
  const NeighborTable none = find(queries.view, keys.view, 0);
  EXPECT_EQ(none.rows(), 3U);
  EXPECT_EQ(none.k(), 0U);

  const NeighborTable all = find(queries.view, keys.view, 9);
  EXPECT_EQ(all, test::row_scan(queries.view, keys.view, 9, Metric::inner_product));
  EXPECT_EQ(all.count(2), 5U);
  EXPECT_EQ(all.ids(2)[8], no_key);
  EXPECT_EQ(all.scores(2)[8], -std::numeric_limits<float>::infinity());

  EXPECT_EQ(find(queries.view, keys.view.slice(0, 1), 2).ids(1)[0], 0U);
  EXPECT_EQ(find(queries.view, MatrixView(nullptr, DType::f16, 0, 8), 4), NeighborTable(3, 4));
  EXPECT_EQ(find(MatrixView(nullptr, DType::f32, 0, 8), keys.view, 4).rows(), 0U);
  EXPECT_EQ(find(MatrixView(), MatrixView(), 4).rows(), 0U);
}

TEST(ExactTopK, RefusesShapesThatDisagree) {
  const SharedMatrix queries = test::random_matrix(3, 8, 11);
  const SharedMatrix keys = test::random_matrix(5, 9, 12);
  test::expect_error(ErrorCode::invalid_argument, "queries: cols is 8, allowed is the keys' 9",
                     [&] { (void)find(queries.view, keys.view, 1); });
  test::expect_error(ErrorCode::invalid_argument, "cols is 0", [&] {
    (void)find(MatrixView(nullptr, DType::f32, 2, 0), MatrixView(nullptr, DType::f32, 2, 0), 1);
  });
  const std::int64_t positions[] = {1, 2};
  test::expect_error(ErrorCode::invalid_argument, "positions has 2", [&] {
    (void)make_exact_topk_cpu()->find(queries.view, queries.view, 1, Metric::l2, {.range = {}, .positions = positions});
  });
  const float value = 0;
  test::expect_error(ErrorCode::invalid_argument, "keys: rows is 4294967296", [&] {
    (void)find(MatrixView(&value, DType::f32, 1, 1), MatrixView(&value, DType::f32, 1ULL << 32, 1), 1);
  });
}

// FAULTS D1, D2.
TEST(ExactTopK, RefusesNanAndInfinity) {
  for (const DType type : test::all_dtypes) {
    const SharedMatrix queries = test::random_matrix(30, 8, 13, type);
    const SharedMatrix keys = test::random_matrix(300, 8, 14, type);
    const auto call = [&] { (void)find(queries.view, keys.view, 3); };
    test::set_element(keys, 222, 7, std::numeric_limits<float>::infinity());
    test::expect_error(ErrorCode::invalid_argument, "keys: row 222, column 7", call);
    test::set_element(queries, 11, 0, std::numeric_limits<float>::quiet_NaN());
    test::expect_error(ErrorCode::invalid_argument, "queries: row 11, column 0", call);
  }
}

}  // namespace
}  // namespace rattan
