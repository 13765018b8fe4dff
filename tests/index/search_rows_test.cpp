#include "index/search_rows.h"

#include <gtest/gtest.h>

#include "tests/index/growing_cases.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t base_keys = 3000;
constexpr std::size_t all_keys = 5000;

// Half of the grown keys sealed in two segments, with what decode queries there were.
struct Grown {
  SharedMatrix keys = test::random_matrix(all_keys, 24, 1, DType::bf16);
  SharedMatrix queries = test::random_matrix(64, 24, 2);
  GrowingIndex index;

  explicit Grown(const char* kind, Executor& executor = serial_executor())
      : index(test::grown_base(kind, keys, base_keys), test::growth_params(all_keys)) {
    const SharedMatrix noted = test::random_matrix(2000, 24, 3);
    for (std::size_t first = base_keys; first < all_keys; first += 500) {
      index.append(keys.view.slice(first, 500));
      index.keep_queries(noted.view.slice(first - base_keys, 500));
      if (first > base_keys) index.seal(first, executor);
    }
  }
  NeighborTable search(std::uint32_t beam) const {
    SearchParams params;
    params.k = 20;
    params.beam_width = beam;
    params.rerank = beam;
    return test::search_all(index, queries.view, params);
  }
};

TEST(SearchRows, BlocksAreFoundAsTheBaseIs) {
  for (const char* kind : {"graph", "scan4"}) {
    const Grown grown(kind);
    EXPECT_GE(grown.index.sealed(), 4485U);  // whole segments of codes
    const NeighborTable truth =
        test::reference_topk(grown.queries.view, grown.keys.view, 20, Metric::inner_product, {});
    const NeighborTable found = grown.search(400);
    EXPECT_GE(test::recall_of(found, truth), 0.9) << kind;
    for (const SearchStats& stats : found.stats) {
      EXPECT_LT(stats.keys_scored, 3500U);  // eight rows
      EXPECT_GT(stats.codes_scored, 1000U);
      EXPECT_GE(stats.bytes_read, stats.code_bytes + stats.keys_scored * 48);
    }
  }
}

TEST(SearchRows, EqualForAnyExecutorOfTheSeals) {
  const Grown one("graph");
  const auto executor = make_openmp_executor(5);
  const Grown other("graph", *executor);
  const NeighborTable a = one.search(60);
  const NeighborTable b = other.search(60);
  EXPECT_EQ(a, b);
  for (std::size_t i = 0; i < a.stats.size(); ++i) {
    EXPECT_EQ(a.stats[i].codes_scored, b.stats[i].codes_scored);
    EXPECT_EQ(a.stats[i].bytes_read, b.stats[i].bytes_read);
  }
}

TEST(SearchRows, SeedsMayLieAnywhere) {
  const Grown grown("graph");
  const std::vector<KeyId> seeds = {0, 3100, 4400, 4999};
  SearchParams params;
  params.k = 20;
  params.seeds = seeds;
  const NeighborTable found = test::search_all(grown.index, grown.queries.view, params);
  EXPECT_EQ(found.count(0), 20U);
}

}  // namespace
}  // namespace rattan
