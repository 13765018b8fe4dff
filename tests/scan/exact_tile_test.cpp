#include "scan/exact_tile.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Tiles and blocks of every shape give the same bytes.
TEST(ExactTile, ResultsDoNotDependOnTheShape) {
  for (const Metric metric : test::all_metrics) {
    const SharedMatrix queries = test::random_matrix(45, 37, 1, DType::f16);
    const SharedMatrix keys = test::random_matrix(1500, 37, 2, DType::bf16);
    const NeighborTable expected = test::row_scan(queries.view, keys.view, 12, metric);
    const Scorer scorer(keys.view, metric);
    const VisibleRows visible = visible_rows({}, 45, 1500);
    const KeyNorms norms = key_norms(scorer, 0, 1500, serial_executor());
    const simd::TileKernel* const bf16 = metric == Metric::inner_product ? simd::kernels().bf16_tile : nullptr;
    const ExactProblem problem{queries.view, scorer, 12, visible, norms, bf16};
    ExactTile tile;
    for (const std::size_t rows : {1U, 4U, 7U, 12U, 45U}) {
      for (const std::size_t panels : {1U, 2U, 3U, 1000U}) {
        NeighborTable table(45, 12);
        for (std::size_t begin = 0; begin < 45; begin += rows) {
          const auto part = std::span(visible.order).subspan(begin, std::min<std::size_t>(rows, 45 - begin));
          tile.find(problem, {rows, panels}, part, table);
        }
        ASSERT_EQ(table, expected) << to_string(metric) << " rows " << rows << " panels " << panels;
      }
    }
  }
}

void check_shapes(const simd::TileKernel& tile, std::size_t most_rows) {
  for (const std::size_t dim : {1U, 64U, 128U, 100000U}) {
    for (const std::uint32_t k : {1U, 100U, 4000000U}) {
      for (const std::size_t rows : {1U, 100U, 1000000U}) {
        for (const unsigned workers : {1U, 128U}) {
          const TileShape shape = choose_shape(tile, dim, k, rows, workers);
          EXPECT_GE(shape.rows, tile.a_panel);
          EXPECT_EQ(shape.rows % tile.a_panel, 0U);
          EXPECT_LE(shape.rows, most_rows);
          EXPECT_GE(shape.tile_panels, 1U);
          EXPECT_LE(shape.tile_panels * tile.b_panel, 1024U);
        }
      }
    }
  }
}

TEST(ExactTile, ShapesAreWholePanelsAndBounded) {
  const simd::Kernels& kernels = simd::kernels();
  check_shapes(kernels.tile, 384);
  if (kernels.bf16_tile != nullptr) check_shapes(*kernels.bf16_tile, 768);
}

// Near ties that only fp32 tells apart, and beside them rows that even fp32 leaves to the row kernel: every stage
// decides some rows, and the table is that of a scan.
TEST(ExactTile, NearTiesOfTheBf16TileAreDecided) {
  constexpr std::size_t rows = 40;
  constexpr std::size_t count = 3000;
  const SharedMatrix queries = test::random_matrix(rows, 64, 3);
  const SharedMatrix keys = test::random_matrix(count, 64, 4);
  const std::vector<double> common = test::row_values(keys.view, 0);
  for (const double spread : {1.0, 1e-2, 1e-4, 1e-7, 0.0}) {
    for (std::size_t row = 1; row < count; ++row) {
      for (std::size_t col = 0; col < 64; ++col) {
        const double own = test::element(keys.view, row, col);
        test::set_element(keys, row, col, static_cast<float>(common[col] + spread * (own - common[col])));
      }
    }
    const NeighborTable expected = test::row_scan(queries.view, keys.view, 10, Metric::inner_product);
    const Scorer scorer(keys.view, Metric::inner_product);
    const VisibleRows visible = visible_rows({}, rows, count);
    const KeyNorms norms = key_norms(scorer, 0, count, serial_executor());
    const ExactProblem problem{queries.view, scorer, 10, visible, norms, simd::kernels().bf16_tile};
    ExactTile tile;
    NeighborTable table(rows, 10);
    tile.find(problem, choose_shape(problem.first_tile(), 64, 10, 2 * rows, 1), visible.order, table);
    tile.find(problem, choose_shape(problem.first_tile(), 64, 10, 2 * rows, 1), visible.order, table);
    EXPECT_EQ(table, expected) << "spread " << spread;
  }
}

}  // namespace
}  // namespace rattan
