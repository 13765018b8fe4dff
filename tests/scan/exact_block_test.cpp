#include "scan/exact_block.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Tiles and blocks of every shape give the same bytes.
TEST(ExactBlock, ResultsDoNotDependOnTheShape) {
  for (const Metric metric : test::all_metrics) {
    const SharedMatrix queries = test::random_matrix(45, 37, 1, DType::f16);
    const SharedMatrix keys = test::random_matrix(1500, 37, 2, DType::bf16);
    const NeighborTable expected = test::row_scan(queries.view, keys.view, 12, metric);
    const Scorer scorer(keys.view, metric, test::fp32_query_kernels(metric, DType::bf16));
    const VisibleRows visible = visible_rows({}, 45, 1500);
    const KeyNorms norms = key_norms(scorer, 0, 1500, serial_executor());
    const ExactProblem problem{queries.view, scorer, 12, visible, norms};
    ExactBlock block;
    for (const std::size_t rows : {1U, 4U, 7U, 12U, 45U}) {
      for (const std::size_t panels : {1U, 2U, 3U, 1000U}) {
        NeighborTable table(45, 12);
        for (std::size_t begin = 0; begin < 45; begin += rows) {
          const auto part = std::span(visible.order).subspan(begin, std::min<std::size_t>(rows, 45 - begin));
          block.find(problem, {rows, panels}, part, table);
        }
        ASSERT_EQ(table, expected) << to_string(metric) << " rows " << rows << " panels " << panels;
      }
    }
  }
}

TEST(ExactBlock, ShapesAreWholePanelsAndBounded) {
  const simd::TileKernel& tile = simd::kernels().tile;
  for (const std::size_t dim : {1U, 64U, 128U, 100000U}) {
    for (const std::uint32_t k : {1U, 100U, 4000000U}) {
      for (const std::size_t rows : {1U, 100U, 1000000U}) {
        for (const unsigned workers : {1U, 128U}) {
          const BlockShape shape = choose_shape(dim, k, rows, workers);
          EXPECT_GE(shape.rows, tile.a_panel);
          EXPECT_EQ(shape.rows % tile.a_panel, 0U);
          EXPECT_LE(shape.rows, 384U);
          EXPECT_GE(shape.tile_panels, 1U);
          EXPECT_LE(shape.tile_panels * tile.b_panel, 1024U);
        }
      }
    }
  }
}

}  // namespace
}  // namespace rattan
