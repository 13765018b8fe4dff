#include "index/segment_graph.h"

#include <gtest/gtest.h>

#include "graph/audit.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

SegmentGraphParams params_of(std::uint32_t queries) {
  SegmentGraphParams params;
  params.links_k = 10;
  params.queries = queries;
  params.graph.max_degree = 8;
  params.graph.entry_points = 6;
  return params;
}

void expect_whole(const Graph& graph, std::size_t keys) {
  const GraphAudit found = audit(graph);
  EXPECT_EQ(found.keys, keys);
  EXPECT_EQ(found.unreachable, 0U);
  EXPECT_LE(found.max_degree, 8U);
  EXPECT_EQ(graph.entry_points.size(), std::min<std::size_t>(6, keys));
}

TEST(SegmentGraph, EveryKeyIsReachable) {
  for (const std::size_t keys : {1U, 2U, 3U, 17U, 700U}) {
    const SharedMatrix matrix = test::random_matrix(keys, 12, keys, DType::bf16);
    const SharedMatrix queries = test::random_matrix(300, 12, 1);
    expect_whole(
        make_segment_graph(matrix.view, queries.view, Metric::inner_product, params_of(200), serial_executor()), keys);
  }
}

TEST(SegmentGraph, KeysStandInForQueriesThatAreNotThere) {
  const SharedMatrix keys = test::random_matrix(300, 12, 2);
  const SharedMatrix queries = test::random_matrix(5, 12, 3);
  const MatrixView none = queries.view.slice(0, 0);
  for (const Metric metric : test::all_metrics) {
    const Graph alone = make_segment_graph(keys.view, none, metric, params_of(150), serial_executor());
    const Graph with = make_segment_graph(keys.view, queries.view, metric, params_of(150), serial_executor());
    expect_whole(alone, 300);
    expect_whole(with, 300);
    EXPECT_NE(alone, with);
  }
}

TEST(SegmentGraph, EqualForAnyExecutor) {
  const SharedMatrix keys = test::random_matrix(900, 12, 4);
  const SharedMatrix queries = test::random_matrix(700, 12, 5);
  const Graph one =
      make_segment_graph(keys.view, queries.view, Metric::inner_product, params_of(450), serial_executor());
  for (const unsigned threads : {2U, 5U}) {
    const auto executor = make_openmp_executor(threads);
    EXPECT_EQ(make_segment_graph(keys.view, queries.view, Metric::inner_product, params_of(450), *executor), one);
  }
}

// Products of such keys overflow, partly to NaN, which is no link.
TEST(SegmentGraph, KeysWhoseScoresOverflowAreStillReachable) {
  const SharedMatrix keys = test::random_matrix(40, 6, 6);
  for (std::size_t row = 0; row < 40; ++row) {
    for (std::size_t c = 0; c < 6; ++c) test::set_element(keys, row, c, (row + c) % 2 == 0 ? 3e38F : -3e38F);
  }
  expect_whole(make_segment_graph(keys.view, keys.view, Metric::inner_product, params_of(20), serial_executor()), 40);
}

}  // namespace
}  // namespace rattan
