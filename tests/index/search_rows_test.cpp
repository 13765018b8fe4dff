#include "index/search_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

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

TEST(SearchRows, SegmentsAreFoundAsTheBaseIs) {
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

// Twelve rows are two parts of six: each finds what it finds by itself, and keys that both read count once.
TEST(SearchRows, LargeGroupsAreSearchedInEvenParts) {
  for (const char* kind : {"graph", "scan4", "flat"}) {
    const Grown grown(kind);
    for (const std::uint32_t rerank : {60U, 0U}) {
      SearchParams params;
      params.k = 20;
      params.beam_width = 60;
      params.rerank = rerank;
      const auto scratch = GrowingIndex::make_scratch();
      const SearchStats together = grown.index.search(grown.queries.view.slice(0, 12), params, *scratch);
      std::vector<std::vector<KeyId>> ids;
      for (std::size_t row = 0; row < 12; ++row) {
        const auto found = GrowingIndex::results(*scratch, row);
        ids.emplace_back(found.ids.begin(), found.ids.end());
      }
      SearchStats apart;
      SearchStats largest;
      for (const std::size_t first : {0U, 6U}) {
        const SearchStats part = grown.index.search(grown.queries.view.slice(first, 6), params, *scratch);
        apart += part;
        largest.keys_scored = std::max(largest.keys_scored, part.keys_scored);
        largest.codes_scored = std::max(largest.codes_scored, part.codes_scored);
        for (std::size_t row = 0; row < 6; ++row) {
          const auto found = GrowingIndex::results(*scratch, row);
          EXPECT_EQ(ids[first + row], std::vector<KeyId>(found.ids.begin(), found.ids.end())) << kind << " " << row;
        }
      }
      EXPECT_GE(together.keys_scored, largest.keys_scored);
      EXPECT_GE(together.codes_scored, largest.codes_scored);
      EXPECT_LT(together.keys_scored, apart.keys_scored);
      EXPECT_LE(together.keys_scored, all_keys);
      EXPECT_LE(together.codes_scored, all_keys);
    }
  }
}

TEST(SearchRows, SeedsMayLieAnywhere) {
  const Grown grown("graph");
  const std::vector<KeyId> start_keys = {0, 3100, 4400, 4999};
  SearchParams params;
  params.k = 20;
  params.start_keys = start_keys;
  const NeighborTable found = test::search_all(grown.index, grown.queries.view, params);
  EXPECT_EQ(found.count(0), 20U);
}

// Keys of which every `every`-th is `size` times as long, all of it or one channel.
SharedMatrix with_outliers(std::size_t every, float size, bool whole_rows) {
  const SharedMatrix keys = test::random_matrix(all_keys, 24, 1, DType::bf16);
  for (std::size_t row = every / 2; row < all_keys && size != 1; row += every) {
    for (std::size_t c = 0; c < (whole_rows ? 24U : 1U); ++c) {
      test::set_element(keys, row, c, static_cast<float>(size * (test::element(keys.view, row, c) + 1)));
    }
  }
  return keys;
}

double recall_of_kind(const char* kind, const SharedMatrix& keys, std::optional<std::uint32_t> rerank = {}) {
  const SharedMatrix queries = test::random_matrix(64, 24, 2);
  SearchParams params;
  params.k = 100;
  params.group = 8;
  params.rerank = rerank;
  const auto index = test::grown_base(kind, keys, keys.view.rows);
  return test::recall_of(index->search(queries.view, params),
                         test::reference_topk(queries.view, keys.view, 100, Metric::inner_product, {}));
}

// Issue 11, B4: a key of 32 times the others' norm left codes a single step for the others. A graph that was linked by
// lists of outliers alone is as good as a walk over its keys finds it.
TEST(SearchRows, KeysOfManyTimesTheOthersNormCostNoRecall) {
  for (const char* kind : {"scan4", "graph"}) {
    const double without = recall_of_kind(kind, with_outliers(all_keys, 1, true));
    EXPECT_GE(without, 0.93) << kind;
    for (const float size : {8.0F, 32.0F, 1000.0F, 1e30F}) {
      for (const bool whole_rows : {true, false}) {
        for (const std::size_t every : {all_keys, std::size_t{200}, std::size_t{25}}) {
          if (kind == std::string_view("graph") && (size == 8 || size == 1000)) continue;  // takes long
          const SharedMatrix keys = with_outliers(every, size, whole_rows);
          const bool linked = kind == std::string_view("graph") && every != all_keys;
          const double wanted = linked ? recall_of_kind(kind, keys, 0U) : without;
          EXPECT_GE(recall_of_kind(kind, keys), wanted - 0.01)
              << kind << ", every " << every << " of size " << size << (whole_rows ? "" : " in one channel");
        }
      }
    }
  }
}

// Issue 11, B9: codes of sealed keys were clipped to the ranges of the base.
TEST(SearchRows, SealedKeysOutsideOfTheBasesRangesAreFoundAsTheBaseIs) {
  const SharedMatrix keys = test::random_matrix(all_keys, 24, 1, DType::bf16);
  for (std::size_t row = base_keys; row < all_keys; ++row) {
    const double drift = 8 * static_cast<double>(row - base_keys) / static_cast<double>(all_keys - base_keys);
    for (std::size_t c = 0; c < 24; ++c) {
      const double moved = test::element(keys.view, row, c) * 2 + (c % 3 == 0 ? drift : 0);
      test::set_element(keys, row, c, static_cast<float>(moved));
    }
  }
  const SharedMatrix queries = test::random_matrix(64, 24, 2);
  const SharedMatrix noted = test::random_matrix(2000, 24, 3);
  for (const char* kind : {"scan4", "graph"}) {
    GrowingIndex index(test::grown_base(kind, keys, base_keys), test::growth_params(all_keys));
    for (std::size_t first = base_keys; first < all_keys; first += 500) {
      index.append(keys.view.slice(first, 500));
      index.keep_queries(noted.view.slice(first - base_keys, 500));
      index.seal(first + 500, serial_executor());
    }
    EXPECT_GE(index.sealed(), all_keys - 31) << kind;
    SearchParams params;
    params.k = 100;
    const NeighborTable truth = test::reference_topk(queries.view, keys.view, 100, Metric::inner_product, {});
    EXPECT_GE(test::recall_of(test::search_all(index, queries.view, params), truth), 0.97) << kind;
  }
}

// What is one search: an index, and a growing one over it to which nothing was appended.
TEST(SearchRows, AStaticIndexIsAGrowingOneWithNothingBehind) {
  const SharedMatrix keys = test::random_matrix(base_keys, 24, 1, DType::bf16);
  const SharedMatrix queries = test::random_matrix(64, 24, 2);
  const std::vector<KeyId> start_keys = {0, 5, 2999};
  for (const char* kind : {"flat", "scan4", "graph"}) {
    const std::shared_ptr<const Index> base = test::grown_base(kind, keys, base_keys);
    const GrowingIndex grown(base, test::growth_params(all_keys));
    for (const std::uint32_t width : {0U, 30U, 200U, 4000U}) {
      SearchParams params;
      params.k = 20;
      params.group = 8;
      params.candidate_range = {100, 2900};
      params.start_keys = start_keys;
      if (width != 0) params.beam_width = width;
      if (width != 0) params.rerank = width;
      const NeighborTable expected = base->search(queries.view, params);
      const NeighborTable found = test::search_all(grown, queries.view, params);
      EXPECT_EQ(found, expected) << kind << ", width " << width;
      for (std::size_t i = 0; i < expected.stats.size(); ++i) {
        EXPECT_EQ(found.stats[i].keys_scored, expected.stats[i].keys_scored);
        EXPECT_EQ(found.stats[i].codes_scored, expected.stats[i].codes_scored);
        EXPECT_EQ(found.stats[i].bytes_read, expected.stats[i].bytes_read);
      }
    }
  }
}

// Rows with everything there can be: hidden ones, unsealed ones behind the codes.
TEST(SearchRows, ResultsOfAScanDoNotDependOnHowItIsCut) {
  const SharedMatrix keys = test::random_matrix(base_keys, 24, 1, DType::bf16);
  const SharedMatrix queries = test::random_matrix(4, 24, 2);
  const KeyCodes codes(keys.view.slice(0, 2000), CodeLayout::blocks4, serial_executor());
  SearchRows rows(Scorer(keys.view, Metric::inner_product));
  rows.sealed = 2000;
  rows.hidden = {900, 1100};
  rows.codes.emplace(codes);
  for (const std::uint32_t rerank : {0U, 60U}) {
    SearchParams params;
    params.k = 20;
    params.rerank = rerank;
    const RowSearch search(rows, params);
    ASSERT_TRUE(search.scans());
    SearchScratch whole;
    const SearchStats stats = search.run(queries.view, whole);
    SearchScratch parts[2];
    for (SearchScratch& part : parts) search.prepare(queries.view, part);
    const IdRange all = search.range();
    search.pass({all.begin, 700}, parts[0]);
    search.pass({700, 1000}, parts[1]);
    search.pass({1000, all.end}, parts[0]);
    search.merge(parts[1], parts[0]);
    EXPECT_EQ(search.finish(parts[0]).bytes_read, stats.bytes_read);
    EXPECT_EQ(stats.codes_scored, rerank == 0 ? 0U : 1800U);
    EXPECT_GE(stats.keys_scored, rerank == 0 ? 2800U : 1000U);
    for (std::size_t row = 0; row < 4; ++row) {
      const auto expected = whole.results[row].sorted();
      const auto found = parts[0].results[row].sorted();
      ASSERT_EQ(expected.size(), 20U);
      EXPECT_TRUE(std::ranges::equal(found, expected));
      for (const Neighbor& neighbor : found) EXPECT_FALSE(rows.hidden.contains(neighbor.id));
    }
  }
}

}  // namespace
}  // namespace rattan
