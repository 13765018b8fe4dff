#include "index/scan4_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

SearchParams params_of(std::uint32_t k, std::uint32_t group, std::optional<std::uint32_t> rerank = std::nullopt) {
  SearchParams params;
  params.k = k;
  params.group = group;
  params.rerank = rerank;
  params.executor = &serial_executor();
  return params;
}

double recall(const NeighborTable& found, const NeighborTable& truth) {
  std::size_t hits = 0;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    for (const KeyId id : truth.ids(row)) hits += static_cast<std::size_t>(std::ranges::count(found.ids(row), id));
  }
  return static_cast<double>(hits) / static_cast<double>(truth.rows() * truth.k());
}

TEST(Scan4Index, FindsNearlyAllAndReadsFewKeys) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = random_matrix(5000, 64, 1, dtype);
    const SharedMatrix queries = random_matrix(16, 64, 2);
    const auto index = build_scan4(keys);
    const NeighborTable truth = test::reference_topk(queries.view, keys.view, 20, Metric::inner_product);
    const NeighborTable found = index->search(queries.view, params_of(20, 4));
    EXPECT_GE(recall(found, truth), 0.98);
    for (const SearchStats& stats : found.stats) {
      EXPECT_EQ(stats.codes_scored, 5000U);
      EXPECT_EQ(stats.code_bytes, 5000U * 32);
      EXPECT_GE(stats.keys_scored, 80U);
      EXPECT_LE(stats.keys_scored, 4 * 80U + 40);
      EXPECT_EQ(stats.bytes_read, stats.code_bytes + stats.keys_scored * keys.view.row_bytes());
    }
  }
}

TEST(Scan4Index, MoreKeysReadInFullFindMore) {
  const SharedMatrix keys = random_matrix(8000, 24, 3);
  const SharedMatrix queries = random_matrix(8, 24, 4);
  const auto index = build_scan4(keys);
  const NeighborTable truth = test::reference_topk(queries.view, keys.view, 50, Metric::inner_product);
  const double narrow = recall(index->search(queries.view, params_of(50, 1, 50)), truth);
  const double wide = recall(index->search(queries.view, params_of(50, 1, 200)), truth);
  EXPECT_LT(narrow, wide);
  EXPECT_GE(wide, 0.99);
  // Below k it is raised to k.
  EXPECT_EQ(index->search(queries.view, params_of(50, 1, 1)), index->search(queries.view, params_of(50, 1, 50)));
}

TEST(Scan4Index, ExactWhereCodesAreNotUsed) {
  const SharedMatrix keys = random_matrix(600, 9, 5);
  const SharedMatrix queries = random_matrix(4, 9, 6);
  for (const Metric metric : test::all_metrics) {
    const auto index = build_scan4(keys, metric);
    const auto flat = build_flat(keys, metric);
    EXPECT_EQ(index->search(queries.view, params_of(10, 2, 0)), flat->search(queries.view, params_of(10, 2)));
    EXPECT_EQ(index->search(queries.view, params_of(10, 2, 600)), flat->search(queries.view, params_of(10, 2)));
    EXPECT_EQ(index->memory().total(), metric == Metric::l2 ? 0U : 608U * 32);
    EXPECT_EQ(scan4_bytes(600, 9, metric), index->memory().total());
    if (metric == Metric::l2) {
      EXPECT_EQ(index->search(queries.view, params_of(10, 2)), flat->search(queries.view, params_of(10, 2)));
    }
  }
}

TEST(Scan4Index, CandidatesBoundWhatIsScanned) {
  const SharedMatrix keys = random_matrix(3000, 16, 7);
  const SharedMatrix queries = random_matrix(2, 16, 8);
  const auto index = build_scan4(keys);
  SearchParams params = params_of(10, 2, 40);
  params.candidate_range = {1001, 1900};
  const NeighborTable found = index->search(queries.view, params);
  EXPECT_EQ(found.stats[0].codes_scored, 899U);
  for (std::size_t row = 0; row < 2; ++row) {
    EXPECT_EQ(found.count(row), 10U);
    for (const KeyId id : found.ids(row)) EXPECT_TRUE(params.candidate_range.contains(id));
  }
}

// One group and several workers share a pass; the answer and its cost are those of one worker.
TEST(Scan4Index, TheSameForAnyNumberOfWorkers) {
  const SharedMatrix keys = random_matrix(20000, 16, 9, DType::bf16);
  const SharedMatrix queries = random_matrix(4, 16, 10);
  const auto index = build_scan4(keys);
  const NeighborTable alone = index->search(queries.view, params_of(30, 4));
  for (const unsigned threads : {2U, 3U, 8U}) {
    const auto executor = make_openmp_executor(threads);
    SearchParams params = params_of(30, 4);
    params.executor = executor.get();
    const NeighborTable found = index->search(queries.view, params);
    EXPECT_EQ(found, alone);
    EXPECT_EQ(found.stats[0].keys_scored, alone.stats[0].keys_scored);
  }
}

TEST(Scan4Index, OpensOverTheSameKeys) {
  const SharedMatrix keys = random_matrix(900, 20, 11, DType::f16);
  const SharedMatrix queries = random_matrix(4, 20, 12);
  const test::TempDirectory folder;
  const auto index = build_scan4(keys);
  index->save(folder / "index");
  const auto opened = open_index(folder / "index", keys);
  EXPECT_EQ(opened->kind(), "scan4");
  EXPECT_EQ(opened->search(queries.view, params_of(9, 4)), index->search(queries.view, params_of(9, 4)));
  EXPECT_EQ(opened->describe(), index->describe());
}

TEST(Scan4Index, RerankIsChecked) {
  const auto index = build_scan4(random_matrix(50, 4, 13));
  const SharedMatrix query = random_matrix(1, 4, 14);
  test::expect_error(ErrorCode::invalid_argument, "SearchParams::rerank is 16777217, allowed is 0 to 16777216",
                     [&] { index->search(query.view, params_of(3, 1, (1U << 24) + 1)); });
}

}  // namespace
}  // namespace rattan
