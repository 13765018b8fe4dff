// What every kind finds and what it says that it cost.
#include <gtest/gtest.h>

#include "kinds.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr std::size_t rows = 600;
constexpr std::size_t dim = 21;

double share_found(const NeighborTable& found, const NeighborTable& truth) {
  std::size_t hits = 0;
  std::size_t wanted = 0;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const std::size_t count = truth.count(row);
    wanted += count;
    for (std::size_t i = 0; i < found.count(row) && count != 0; ++i) {
      hits += found.scores(row)[i] >= truth.scores(row)[count - 1] - 0.02F ? 1 : 0;
    }
  }
  return wanted == 0 ? 1.0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

class Search : public EveryKind {};

TEST_P(Search, ResultsAreValidForEveryDtypeMetricAndGroup) {
  for (const DType dtype : all_dtypes) {
    for (const Metric metric : all_metrics) {
      const SharedMatrix keys = random_matrix(rows, dim, 1, dtype);
      const SharedMatrix queries = random_matrix(8, dim, 2, dtype);
      const auto index = build(keys, metric);
      EXPECT_EQ(index->kind(), GetParam().name);
      const NeighborTable truth = reference_topk(queries.view, keys.view, 10, metric);
      for (const std::uint32_t group : {1U, 4U, 8U}) {
        SearchParams params;
        params.k = 10;
        params.group = group;
        const NeighborTable found = index->search(queries.view, params);
        expect_valid(found, *index, queries.view, params);
        EXPECT_GE(share_found(found, truth), GetParam().exact ? 1.0 : 0.4)
            << to_string(dtype) << ' ' << to_string(metric) << " group " << group;
      }
    }
  }
}

TEST_P(Search, TheWidestSettingFindsNearlyEverything) {
  const SharedMatrix keys = random_matrix(rows, dim, 3, DType::f16);
  const SharedMatrix queries = random_matrix(16, dim, 4);
  const auto index = build(keys);
  const NeighborTable truth = reference_topk(queries.view, keys.view, 20);
  EXPECT_GE(share_found(index->search(queries.view, widest(20, 4)), truth), 0.99);
}

TEST_P(Search, QueriesMayHaveAnyDtype) {
  const auto index = build(random_matrix(rows, dim, 1, DType::bf16));
  for (const DType dtype : all_dtypes) {
    const SharedMatrix queries = random_matrix(4, dim, 2, dtype);
    expect_valid(index->search(queries.view, widest(10)), *index, queries.view, widest(10));
  }
}

// FAULTS E1, E2: rows with gaps (NaN in them), rows at odd addresses.
TEST_P(Search, E1_E2_StridedAndUnalignedMatrices) {
  const SharedMatrix keys = random_matrix(300, dim, 1, DType::f16);
  const SharedMatrix queries = random_matrix(4, dim, 2, DType::f16);
  const NeighborTable expected = build(keys, Metric::l2, &serial_executor())->search(queries.view, widest(10, 4));
  const auto strided = build(random_matrix(300, dim, 1, DType::f16, dim + 3), Metric::l2, &serial_executor());
  EXPECT_EQ(strided->search(random_matrix(4, dim, 2, DType::f16, dim + 5).view, widest(10, 4)), expected);
  const auto odd = build(at_offset(keys.view, 3), Metric::l2, &serial_executor());
  EXPECT_EQ(odd->search(at_offset(queries.view, 1).view, widest(10, 4)), expected);
}

TEST_P(Search, CandidatesAreRespected) {
  const SharedMatrix keys = random_matrix(rows, dim, 1);
  const SharedMatrix queries = random_matrix(8, dim, 2);
  const auto index = build(keys);
  for (const IdRange range :
       {IdRange{100, 400}, IdRange{0, 1}, IdRange{599, no_key}, IdRange{50, 50}, IdRange{700, 800}}) {
    SearchParams params = widest(15, 4);
    params.candidate_range = range;
    const NeighborTable found = index->search(queries.view, params);
    expect_valid(found, *index, queries.view, params);
    Visibility visible;
    visible.range = range;
    EXPECT_GE(share_found(found, reference_topk(queries.view, keys.view, 15, Metric::inner_product, visible)), 0.95);
  }
}

// SearchParams::candidate_range of hardly any keys: as many results as there are keys, k at most, and the right ones.
TEST_P(Search, NarrowCandidatesAreFoundExactlyHoweverFew) {
  const SharedMatrix keys = random_matrix(20000, dim, 1, DType::f16);
  const SharedMatrix queries = random_matrix(8, dim, 2);
  const auto index = build(keys);
  for (const std::uint32_t group : {1U, 4U}) {
    for (const KeyId wide : {0U, 1U, 9U, 10U, 11U, 50U, 400U}) {
      for (const KeyId begin : {0U, 7001U, 19600U}) {
        SearchParams params;
        params.k = 10;
        params.group = group;
        params.candidate_range = {begin, begin + wide};
        const NeighborTable found = index->search(queries.view, params);
        expect_valid(found, *index, queries.view, params);
        Visibility visible;
        visible.range = params.candidate_range;
        const auto truth = reference_topk(queries.view, keys.view, 10, Metric::inner_product, visible);
        for (std::size_t row = 0; row < 8; ++row) EXPECT_EQ(found.count(row), std::min(wide, KeyId{10}));
        EXPECT_GE(share_found(found, truth), wide <= 50 ? 1.0 : 0.0) << wide << " from " << begin;
      }
    }
  }
}

// Recall among half of the keys is what it is among all of them.
TEST_P(Search, WideCandidatesAreFoundAsWellAsAllKeys) {
  const SharedMatrix keys = random_matrix(8000, dim, 1, DType::f16);
  const SharedMatrix queries = random_matrix(32, dim, 2);
  const auto index = build(keys);
  SearchParams params;
  params.k = 10;
  params.group = 4;
  const double all = share_found(index->search(queries.view, params), reference_topk(queries.view, keys.view, 10));
  for (const IdRange range : {IdRange{0, 4500}, IdRange{4000, 8000}, IdRange{2000, 7999}, IdRange{1, 8000}}) {
    params.candidate_range = range;
    Visibility visible;
    visible.range = range;
    const auto truth = reference_topk(queries.view, keys.view, 10, Metric::inner_product, visible);
    const NeighborTable found = index->search(queries.view, params);
    for (std::size_t row = 0; row < 32; ++row) EXPECT_EQ(found.count(row), 10U);
    EXPECT_GE(share_found(found, truth), all - 0.05) << range.begin << " to " << range.end;
  }
}

TEST_P(Search, SeedsAreKeysLikeAnyOther) {
  const SharedMatrix keys = random_matrix(rows, dim, 1);
  const SharedMatrix queries = random_matrix(8, dim, 2);
  const auto index = build(keys);
  const std::vector<KeyId> start_keys{7, 7, 599, 0};
  SearchParams params;
  params.k = 10;
  params.group = 4;
  params.start_keys = start_keys;
  expect_valid(index->search(queries.view, params), *index, queries.view, params);
}

TEST_P(Search, CostsAreCounted) {
  const SharedMatrix keys = random_matrix(rows, dim, 1, DType::f16);
  const SharedMatrix queries = random_matrix(8, dim, 2);
  const auto index = build(keys);
  for (const std::uint32_t group : {1U, 4U}) {
    for (const SearchParams& params : {widest(10, group), [&] {
                                         SearchParams narrow;
                                         narrow.k = 10;
                                         narrow.group = group;
                                         return narrow;
                                       }()}) {
      for (const SearchStats& stats : index->search(queries.view, params).stats) {
        EXPECT_GT(stats.keys_scored, 0U);
        EXPECT_LE(stats.keys_scored, rows * (GetParam().name == "hnsw" ? group : 1));
        EXPECT_GE(stats.bytes_read, stats.keys_scored * dim * 2);
        EXPECT_TRUE(!GetParam().exact || stats.keys_scored == rows) << stats.keys_scored;
      }
    }
  }
}

TEST_P(Search, WorkIsTheSameForAnyNumberOfThreads) {
  const SharedMatrix keys = random_matrix(rows, dim, 1, DType::f16);
  const SharedMatrix queries = random_matrix(64, dim, 2);
  const auto index = build(keys);
  SearchParams params;
  params.k = 10;
  params.group = 4;
  params.executor = &serial_executor();
  const NeighborTable expected = index->search(queries.view, params);
  for (const unsigned threads : {1U, 2U, 3U, 4U}) {
    const auto executor = make_openmp_executor(threads);
    params.executor = executor.get();
    const NeighborTable found = index->search(queries.view, params);
    EXPECT_EQ(found, expected) << threads;
    for (std::size_t group = 0; group < found.stats.size(); ++group) {
      EXPECT_EQ(found.stats[group].keys_scored, expected.stats[group].keys_scored);
      EXPECT_EQ(found.stats[group].bytes_read, expected.stats[group].bytes_read);
    }
  }
}

TEST_P(Search, ItDescribesItself) {
  const auto index = build(random_matrix(100, dim, 1));
  EXPECT_NE(index->describe().find("metric: inner_product\n"), std::string::npos);
  for (const auto& [part, bytes] : index->memory().parts) {
    EXPECT_FALSE(part.empty());
    EXPECT_GT(bytes, 0U) << part;
  }
}

RATTAN_FOR_EVERY_KIND(Search);

}  // namespace
}  // namespace rattan::test
