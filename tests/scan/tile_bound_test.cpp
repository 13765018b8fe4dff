#include "scan/tile_bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

constexpr std::size_t keys_count = 70;

double norm(const MatrixView& matrix, std::size_t row) {
  double square = 0;
  for (const double value : test::row_values(matrix, row)) square += value * value;
  return std::sqrt(square);
}

// The tile score of query 0 and every key, as exact top-k forms it.
std::vector<float> tile_scores(const simd::TileKernel& tile, const MatrixView& query, const MatrixView& keys,
                               const KeyNorms& norms, Metric metric) {
  const std::size_t dim = keys.cols + (metric == Metric::l2 ? 1 : 0);
  std::vector<float> a(dim, 1.0F);
  std::vector<float> b;
  for (std::size_t col = 0; col < keys.cols; ++col) a[col] = static_cast<float>(test::element(query, 0, col));
  for (std::size_t row = 0; row < keys.rows; ++row) {
    for (const double value : test::row_values(keys, row)) b.push_back(static_cast<float>(value));
    if (metric == Metric::l2) b.push_back(norms.column[row]);
  }
  const std::size_t stride = keys.rows + tile.b_panel;
  std::vector<float> packed_a(tile.a_panel * tile.row_floats(dim));
  std::vector<float> packed_b(stride * tile.row_floats(dim));
  std::vector<float> out(tile.a_panel * stride);
  tile.pack_a(a.data(), 1, dim, packed_a.data());
  tile.pack_b(b.data(), keys.rows, dim, packed_b.data());
  tile.multiply(packed_a.data(), 1, packed_b.data(), keys.rows, dim, out.data(), stride);
  out.resize(keys.rows);
  return out;
}

// All products positive and of one size, so that rounding errors add up, beside ordinary vectors.
SharedMatrix vectors(std::size_t rows, std::size_t cols, std::uint64_t seed, bool positive, DType dtype = DType::f32) {
  const SharedMatrix matrix = test::random_matrix(rows, cols, seed, dtype);
  if (!positive) return matrix;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < cols; ++col) {
      const double value = test::element(matrix.view, row, col);
      test::set_element(matrix, row, col, static_cast<float>(1 + 0.1 * std::abs(value)));
    }
  }
  return matrix;
}

TEST(TileBound, CoversTheDifferenceOfTileAndRowKernel) {
  for (const Metric metric : test::all_metrics) {
    const simd::Kernels& kernels = simd::kernels();
    for (const std::size_t dim : {1U, 2U, 3U, 16U, 33U, 64U, 127U, 128U, 130U, 1000U}) {
      for (const bool positive : {false, true}) {
        const SharedMatrix query = vectors(1, dim, dim, positive);
        const SharedMatrix keys = vectors(keys_count, dim, dim + 1, positive);
        const Scorer scorer(keys.view, metric, kernels);
        const KeyNorms norms = key_norms(scorer, 0, keys_count, serial_executor());
        const std::vector<float> tile = tile_scores(simd::kernels().tile, query.view, keys.view, norms, metric);
        const double query_norm = norm(query.view, 0);
        const double bound = tile_error(query_norm, norms.max_norm, dim, metric);
        for (std::size_t i = 0; i < keys_count; ++i) {
          const void* row = keys.view.row(i);
          float score = 0;
          kernels.score(metric, DType::f32)(static_cast<const float*>(query.view.data), 1, &row, 1, dim, &score, 1);
          const double expected = metric == Metric::l2 ? 0.5 * (score + query_norm * query_norm) : score;
          ASSERT_LE(std::abs(static_cast<double>(tile[i]) - expected), bound) << to_string(metric) << " dim " << dim;
        }
        // A bound this loose would let whole tiles through.
        EXPECT_LT(bound, 1e-3 * (query_norm + norms.max_norm) * (query_norm + norms.max_norm));
      }
    }
  }
}

TEST(TileBound, CoversTheBf16Tile) {
  if (simd::kernels().bf16_tile == nullptr) GTEST_SKIP() << "this set has no bf16 tile";
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const simd::Kernels& kernels = simd::kernels();
    for (const std::size_t dim : {1U, 2U, 3U, 16U, 33U, 64U, 127U, 128U, 130U, 1000U}) {
      for (const bool positive : {false, true}) {
        const SharedMatrix query = vectors(1, dim, dim, positive);
        const SharedMatrix keys = vectors(keys_count, dim, dim + 1, positive, dtype);
        const KeyNorms norms =
            key_norms(Scorer(keys.view, Metric::inner_product, kernels), 0, keys_count, serial_executor());
        EXPECT_EQ(norms.max_residual == 0, dtype == DType::bf16);
        const std::vector<float> tile =
            tile_scores(*simd::kernels().bf16_tile, query.view, keys.view, norms, Metric::inner_product);
        const double query_norm = norm(query.view, 0);
        const double residual = bf16_residual({static_cast<const float*>(query.view.data), dim});
        const double bound = bf16_tile_error(query_norm, residual, norms, dim);
        for (std::size_t i = 0; i < keys_count; ++i) {
          const void* row = keys.view.row(i);
          float score = 0;
          kernels.score(Metric::inner_product, dtype)(static_cast<const float*>(query.view.data), 1, &row, 1, dim,
                                                      &score, 1);
          ASSERT_LE(std::abs(static_cast<double>(tile[i] - score)), bound) << to_string(dtype) << " dim " << dim;
        }
        EXPECT_LT(bound, 0x1p-7 * 1.1 * query_norm * norms.max_norm);
      }
    }
  }
}

TEST(TileBound, ResidualIsWhatRoundingTakes) {
  EXPECT_EQ(bf16_residual({}), 0.0);
  EXPECT_EQ(bf16_residual(std::vector<float>{1.0F, -2.5F, 0.0F, 0x1p-20F}), 0.0);
  const std::vector<float> row = {3.0F + 0x1p-10F, 4.0F - 0x1p-11F, 1.0F};
  EXPECT_DOUBLE_EQ(bf16_residual(row), std::sqrt(0x1p-20 + 0x1p-22));
}

TEST(TileBound, Bf16IsInfiniteWhereRoundingMayOverflow) {
  EXPECT_FALSE(bf16_tile_error(1e-30, 0.0, {3.4e38, 0, {}}, 128) < INFINITY);
  EXPECT_FALSE(bf16_tile_error(3.4e38, 0.0, {1e-30, 0, {}}, 128) < INFINITY);
  EXPECT_FALSE(bf16_tile_error(1e20, 0.0, {1e20, 0, {}}, 128) < INFINITY);
  EXPECT_TRUE(std::isfinite(bf16_tile_error(1e18, 1e15, {1e18, 1e15, {}}, 128)));
}

TEST(TileBound, NormsOfKeys) {
  const SharedMatrix keys = test::random_matrix(3000, 20, 5, DType::f16);
  test::set_element(keys, 2999, 3, 500.0F);
  test::set_element(keys, 10, 3, 5000.0F);
  const Scorer scorer(keys.view, Metric::l2);
  const KeyNorms norms = key_norms(scorer, 100, 2900, serial_executor());
  EXPECT_NEAR(norms.max_norm, norm(keys.view, 2999), 1e-3);
  ASSERT_EQ(norms.column.size(), 2900U);
  for (const std::size_t i : {0U, 1023U, 1024U, 2899U}) {
    const double length = norm(keys.view, 100 + i);
    EXPECT_NEAR(norms.column[i], -0.5 * length * length, 1e-6 * length * length);
  }
  const Scorer inner(keys.view, Metric::inner_product);
  EXPECT_TRUE(key_norms(inner, 0, 3000, serial_executor()).column.empty());
  EXPECT_NEAR(key_norms(inner, 0, 3000, serial_executor()).max_norm, norm(keys.view, 10), 1e-2);
  EXPECT_EQ(key_norms(inner, 7, 0, serial_executor()).max_norm, 0.0);
}

TEST(TileBound, IsInfiniteWherePartialSumsMayOverflow) {
  EXPECT_TRUE(std::isinf(tile_error(1e20, 1e20, 128, Metric::inner_product)));
  EXPECT_TRUE(std::isinf(tile_error(1e20, 1.0, 128, Metric::l2)));
  EXPECT_TRUE(std::isinf(tile_error(1.0, INFINITY, 128, Metric::inner_product)));
  EXPECT_TRUE(std::isinf(tile_error(0.0, INFINITY, 128, Metric::inner_product)));
  EXPECT_TRUE(std::isfinite(tile_error(1e18, 1e18, 128, Metric::inner_product)));
}

}  // namespace
}  // namespace rattan
