#include "index/flat_index.h"

#include <gtest/gtest.h>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

constexpr double tolerance = 1e-3;

SearchParams params_of(std::uint32_t k, std::uint32_t group = 1, Executor* executor = nullptr) {
  SearchParams params;
  params.k = k;
  params.group = group;
  params.executor = executor;
  return params;
}

TEST(FlatIndex, FindsTheTruthForEveryDtypeAndMetric) {
  for (const DType dtype : test::all_dtypes) {
    for (const Metric metric : test::all_metrics) {
      const SharedMatrix keys = random_matrix(700, 19, 1, dtype);
      const SharedMatrix queries = random_matrix(12, 19, 2, dtype);
      const NeighborTable found = build_flat(keys, metric)->search(queries.view, params_of(20, 4));
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, 20, metric);
      test::expect_neighbors(found, truth, queries.view, keys.view, tolerance, metric);
    }
  }
}

TEST(FlatIndex, AGroupFindsWhatItsRowsFind) {
  const SharedMatrix keys = random_matrix(1000, 33, 3, DType::f16);
  const SharedMatrix queries = random_matrix(16, 33, 4, DType::f16);
  const auto index = build_flat(keys);
  const NeighborTable alone = index->search(queries.view, params_of(10));
  for (const std::uint32_t group : {2U, 4U, 8U}) {
    EXPECT_EQ(index->search(queries.view, params_of(10, group)), alone) << group;
  }
}

// One group and many workers: the pass over the keys is shared. 20,000 keys make five blocks.
TEST(FlatIndex, SharingAPassChangesNothing) {
  const SharedMatrix keys = random_matrix(20000, 8, 5);
  const SharedMatrix queries = random_matrix(4, 8, 6);
  const auto index = build_flat(keys);
  const NeighborTable alone = index->search(queries.view, params_of(50, 4, &serial_executor()));
  for (const unsigned threads : {2U, 3U, 4U}) {
    const auto executor = make_openmp_executor(threads);
    const NeighborTable shared = index->search(queries.view, params_of(50, 4, executor.get()));
    EXPECT_EQ(shared, alone) << threads;
    EXPECT_EQ(shared.stats[0].keys_scored, 20000U);
  }
}

TEST(FlatIndex, CountsEveryCandidateOnce) {
  const SharedMatrix keys = random_matrix(300, 8, 5, DType::bf16);
  const SharedMatrix queries = random_matrix(8, 8, 6);
  const auto index = build_flat(keys);
  SearchParams params = params_of(5, 4);
  params.candidate_range = {100, 250};
  const NeighborTable table = index->search(queries.view, params);
  ASSERT_EQ(table.stats.size(), 2U);
  EXPECT_EQ(table.stats[1].keys_scored, 150U);
  EXPECT_EQ(table.stats[1].bytes_read, 150U * 8 * 2);
  params.candidate_range = {290, no_key};
  EXPECT_EQ(index->search(queries.view, params).stats[0].keys_scored, 10U);
  params.candidate_range = {400, 500};
  EXPECT_EQ(index->search(queries.view, params).stats[0].keys_scored, 0U);
}

TEST(FlatIndex, NeedsNoMemoryBesideTheKeys) { EXPECT_EQ(build_flat(random_matrix(10, 4, 1))->memory().total(), 0U); }

}  // namespace
}  // namespace rattan
