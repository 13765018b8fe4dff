#include "graph/code_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/random.h"
#include "tests/graph/cases.h"
#include "tests/graph/naive_walk.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_graph;
using test::random_matrix;

struct Found {
  NeighborTable table;
  SearchStats stats;
};

Found walked(const SharedMatrix& keys, const Graph& graph, const SharedMatrix& queries, const WalkParams& params,
             std::uint32_t rerank, std::uint32_t k, CodeLayout layout = CodeLayout::rows4,
             const simd::Kernels& kernels = simd::kernels(), CodeWalkScratch&& scratch = {}) {
  const KeyCodes codes(keys.view, layout, serial_executor());
  const Scorer scorer(keys.view, Metric::inner_product, kernels);
  const CodeScorer code_scorer(codes, kernels);
  scorer.prepare(queries.view, scratch.queries);
  code_scorer.prepare(queries.view, scratch.code_queries);
  Found found{NeighborTable(queries.view.rows, k), {}};
  found.stats = code_walk(scorer, code_scorer, graph, params, rerank, k, scratch);
  for (std::size_t row = 0; row < queries.view.rows; ++row) {
    write_row(scratch.results[row].sorted(), found.table.ids(row), found.table.scores(row));
  }
  return found;
}

WalkParams beam_of(std::uint32_t width) {
  WalkParams params;
  params.beam_width = width;
  return params;
}

// A row's factor is as good as a width, and results are as many however small it is.
TEST(CodeWalk, RowsHaveWidthsOfTheirOwn) {
  const SharedMatrix keys = random_matrix(2000, 16, 1);
  const SharedMatrix query = random_matrix(1, 16, 2);
  const Graph graph = random_graph(2000, 10, {0, 1, 2, 3}, 3);
  const auto scaled = [&](std::uint32_t width, std::uint32_t rerank, float factor) {
    WalkParams params = beam_of(width);
    params.row_widths = {&factor, 1};
    return walked(keys, graph, query, params, rerank, 10);
  };
  const Found plain = walked(keys, graph, query, beam_of(60), 90, 10);
  const Found wider = scaled(40, 60, 1.5F);
  EXPECT_EQ(wider.table, plain.table);
  EXPECT_EQ(wider.stats.codes_scored, plain.stats.codes_scored);
  EXPECT_EQ(wider.stats.keys_scored, plain.stats.keys_scored);
  const Found narrow = scaled(64, 64, 1.0F / 16);
  EXPECT_EQ(narrow.table.count(0), 10U);
  EXPECT_LT(narrow.stats.codes_scored, plain.stats.codes_scored);
}

// A beam and a re-rank as wide as the keys leave nothing to the codes.
TEST(CodeWalk, WideEnoughItIsExact) {
  for (const DType dtype : test::all_dtypes) {
    for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
      const SharedMatrix keys = random_matrix(400, 33, 1, dtype);
      const SharedMatrix queries = random_matrix(5, 33, 2);
      const Graph graph = random_graph(400, 10, {0, 1, 2, 3, 4, 5, 6, 7}, 3);
      const Found found = walked(keys, graph, queries, beam_of(400), 400, 12, layout);
      const std::size_t reached = 400 - test::naive_unreachable(graph);
      EXPECT_EQ(found.stats.codes_scored, reached);
      EXPECT_EQ(found.stats.keys_scored, reached);
      ASSERT_EQ(reached, 400U);
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, 12, Metric::inner_product);
      test::expect_neighbors(found.table, truth, queries.view, keys.view, 0.2, Metric::inner_product);
    }
  }
}

TEST(CodeWalk, FindsNearlyWhatTheWalkOverKeysFinds) {
  const SharedMatrix keys = random_matrix(3000, 64, 4, DType::bf16);
  const SharedMatrix queries = random_matrix(4, 64, 5);
  const Graph graph = random_graph(3000, 12, {0, 100, 200}, 6);
  const Found by_code = walked(keys, graph, queries, beam_of(500), 500, 20);
  WalkScratch scratch;
  const test::Walked by_key =
      test::walked(Scorer(keys.view, Metric::inner_product), graph, queries.view, beam_of(500), 20, scratch);
  std::size_t shared = 0;
  for (std::size_t row = 0; row < 4; ++row) {
    const std::set<KeyId> ids(by_code.table.ids(row).begin(), by_code.table.ids(row).end());
    for (const Neighbor& neighbor : by_key.results[row]) shared += ids.count(neighbor.id);
  }
  EXPECT_GE(shared, 74U);  // of 80
  EXPECT_LT(by_code.stats.keys_scored, by_key.stats.keys_scored);
}

TEST(CodeWalk, CountsCodesKeysAndBytesApart) {
  const SharedMatrix keys = random_matrix(2000, 64, 7, DType::f16);
  const SharedMatrix queries = random_matrix(3, 64, 8);
  const Graph graph = random_graph(2000, 6, {0, 5}, 9);
  const Found found = walked(keys, graph, queries, beam_of(60), 40, 10);
  EXPECT_GE(found.stats.keys_scored, 40U);
  EXPECT_LE(found.stats.keys_scored, 3 * 80U);
  EXPECT_GT(found.stats.codes_scored, found.stats.keys_scored);
  EXPECT_EQ(found.stats.code_bytes, found.stats.codes_scored * 32);
  std::uint64_t edge_bytes = found.stats.bytes_read - found.stats.code_bytes - found.stats.keys_scored * 128;
  EXPECT_GE(edge_bytes, found.stats.nodes_expanded * 4);
  EXPECT_LE(edge_bytes, found.stats.nodes_expanded * graph.stride() * 4);
}

TEST(CodeWalk, OnlyCandidatesAreReported) {
  const SharedMatrix keys = random_matrix(1000, 20, 10);
  const SharedMatrix queries = random_matrix(2, 20, 11);
  const Graph graph = random_graph(1000, 10, {0, 500}, 12);
  for (const IdRange range : {IdRange{100, 300}, IdRange{0, 1}, IdRange{990, no_key}, IdRange{5, 5}}) {
    WalkParams params = beam_of(100);
    params.candidate_range = range;
    const Found found = walked(keys, graph, queries, params, 100, 8);
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t i = 0; i < found.table.count(row); ++i) EXPECT_TRUE(range.contains(found.table.ids(row)[i]));
    }
    if (range.end - range.begin == 200) {
      EXPECT_EQ(found.table.count(0), 8U);
    }
  }
}

TEST(CodeWalk, ExpansionsAreLimitedPerHead) {
  const SharedMatrix keys = random_matrix(800, 16, 13);
  const SharedMatrix queries = random_matrix(8, 16, 14);
  const Graph graph = random_graph(800, 5, {0}, 15);
  for (const std::uint32_t expansions : {1U, 3U, 10U}) {
    WalkParams params = beam_of(50);
    params.expansions = expansions;
    const Found found = walked(keys, graph, queries, params, 50, 5);
    EXPECT_LE(found.stats.nodes_expanded, 8 * expansions);
    EXPECT_GE(found.stats.nodes_expanded, expansions);
  }
}

// A chain: every round has one key to name, found in the round before.
TEST(CodeWalk, AChainIsWalkedToItsEnd) {
  test::KeyLists edges(60);
  std::vector<float> values;
  for (KeyId key = 0; key < 60; ++key) {
    values.push_back(static_cast<float>(key));
    if (key > 0) edges[key - 1].push_back(key);
  }
  const SharedMatrix keys = test::make_matrix(values, 60, 1);
  const SharedMatrix query = test::make_matrix(std::vector<float>{1}, 1, 1);
  const Found found = walked(keys, test::make_graph(edges, {0}), query, beam_of(2), 2, 1);
  EXPECT_EQ(found.table.ids(0)[0], 59U);
  EXPECT_EQ(found.stats.codes_scored, 60U);
}

// Codes of all keys tie for a query of zeros; the re-rank stays bounded.
TEST(CodeWalk, AZeroQueryReadsABoundedNumberOfKeys) {
  const SharedMatrix keys = random_matrix(2000, 16, 16);
  const SharedMatrix query = test::make_matrix(std::vector<float>(16, 0.0F), 1, 16);
  const Found found = walked(keys, random_graph(2000, 8, {0}, 17), query, beam_of(30), 30, 10);
  EXPECT_LE(found.stats.keys_scored, 60U);
  EXPECT_EQ(found.table.count(0), 10U);
}

TEST(CodeWalk, TheSameOnEveryInstructionSet) {
  const SharedMatrix keys = random_matrix(1500, 70, 18, DType::f16);
  const SharedMatrix queries = random_matrix(6, 70, 19);
  const Graph graph = random_graph(1500, 8, {0, 9}, 20);
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
    const Found wanted = walked(keys, graph, queries, beam_of(80), 60, 10, layout, *simd::find_kernels("scalar"));
    for (const simd::Kernels* kernels : simd::runnable_kernels()) {
      const Found found = walked(keys, graph, queries, beam_of(80), 60, 10, layout, *kernels);
      EXPECT_EQ(found.stats.codes_scored, wanted.stats.codes_scored) << kernels->name;
      EXPECT_EQ(found.stats.keys_scored, wanted.stats.keys_scored) << kernels->name;
      EXPECT_EQ(found.stats.bytes_read, wanted.stats.bytes_read) << kernels->name;
    }
  }
}

TEST(CodeWalk, AScratchRemembersNothing) {
  const SharedMatrix keys = random_matrix(900, 24, 21);
  const Graph graph = random_graph(900, 6, {0, 1}, 22);
  const SharedMatrix one = random_matrix(1, 24, 23);
  const Found fresh = walked(keys, graph, one, beam_of(40), 30, 10);
  CodeWalkScratch used;
  const KeyCodes codes(keys.view, CodeLayout::rows4, serial_executor());
  const Scorer scorer(keys.view, Metric::inner_product);
  const SharedMatrix others = random_matrix(8, 24, 24);
  scorer.prepare(others.view, used.queries);
  CodeScorer(codes, simd::kernels()).prepare(others.view, used.code_queries);
  code_walk(scorer, CodeScorer(codes, simd::kernels()), graph, beam_of(100), 90, 50, used);
  const Found again =
      walked(keys, graph, one, beam_of(40), 30, 10, CodeLayout::rows4, simd::kernels(), std::move(used));
  EXPECT_EQ(again.table, fresh.table);
  EXPECT_EQ(again.stats.bytes_read, fresh.stats.bytes_read);
}

}  // namespace
}  // namespace rattan
