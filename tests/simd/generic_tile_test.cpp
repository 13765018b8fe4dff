// Packed tiles of inner products, every kernel set against double precision.
#include "simd/generic_tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "operands.h"
#include "simd/kernels.h"

namespace rattan::test {
namespace {

std::size_t rounded_up(std::size_t rows, std::size_t panel) { return (rows + panel - 1) / panel * panel; }

class TileTest : public testing::TestWithParam<const simd::Kernels*> {
 protected:
  const simd::TileKernel& tile() const { return GetParam()->tile; }

  void check(std::size_t a_rows, std::size_t b_rows, std::size_t dim) const {
    const auto a = normal_values(a_rows * dim, 1);
    const auto b = normal_values(b_rows * dim, 2);
    const std::size_t out_rows = rounded_up(a_rows, tile().a_panel);
    const std::size_t out_columns = rounded_up(b_rows, tile().b_panel);
    const GuardedBytes packed_a(out_rows * dim * sizeof(float));
    const GuardedBytes packed_b(out_columns * dim * sizeof(float));
    tile().pack_a(a.data(), a_rows, dim, packed_a.as<float>());
    tile().pack_b(b.data(), b_rows, dim, packed_b.as<float>());
    const std::size_t stride = out_columns + 5;
    std::vector<float> out(out_rows * stride, untouched);
    tile().multiply(packed_a.as<float>(), a_rows, packed_b.as<float>(), b_rows, dim, out.data(), stride);
    for (std::size_t i = 0; i < a_rows; ++i) {
      for (std::size_t j = 0; j < b_rows; ++j) {
        double sum = 0;
        double magnitude = 0;
        for (std::size_t c = 0; c < dim; ++c) {
          const double term = static_cast<double>(a[i * dim + c]) * static_cast<double>(b[j * dim + c]);
          sum += term;
          magnitude += std::fabs(term);
        }
        ASSERT_NEAR(static_cast<double>(out[i * stride + j]), sum, 2 * static_cast<double>(dim) * 0x1p-24 * magnitude)
            << a_rows << " x " << b_rows << " x " << dim << " at " << i << ", " << j;
      }
    }
    for (std::size_t i = 0; i < out_rows; ++i)
      for (std::size_t j = out_columns; j < stride; ++j) ASSERT_EQ(out[i * stride + j], untouched);
  }

  static constexpr float untouched = -12345.0F;
};

TEST_P(TileTest, EveryRemainderOfBothSides) {
  for (std::size_t a_rows = 1; a_rows <= 2 * tile().a_panel + 1; ++a_rows) check(a_rows, 3, 17);
  for (std::size_t b_rows = 1; b_rows <= 2 * tile().b_panel + 1; ++b_rows) check(5, b_rows, 17);
}

TEST_P(TileTest, EveryDim) {
  for (std::size_t dim = 1; dim <= 130; ++dim) check(tile().a_panel + 1, 9, dim);
  check(2 * tile().a_panel, 2 * tile().b_panel, 1024);
}

TEST_P(TileTest, PaddingIsZero) {
  const std::vector<float> ones(3, 1.0F);
  std::vector<float> packed(tile().a_panel * 3, -1.0F);
  tile().pack_a(ones.data(), 1, 3, packed.data());
  EXPECT_EQ(std::count(packed.begin(), packed.end(), 1.0F), 3);
  EXPECT_EQ(std::count(packed.begin(), packed.end(), 0.0F), static_cast<std::ptrdiff_t>(packed.size()) - 3);
}

// A cell must not depend on where in a tile it is computed: links may not change with the blocking of the queries.
TEST_P(TileTest, CellsDoNotDependOnTheirPlace) {
  constexpr std::size_t dim = 64;
  const std::size_t a_rows = 2 * tile().a_panel + 1;
  const std::size_t b_rows = 2 * tile().b_panel + 1;
  const auto one = normal_values(dim, 3);
  const auto other = normal_values(dim, 4);
  std::vector<float> a;
  std::vector<float> b;
  for (std::size_t i = 0; i < a_rows; ++i) a.insert(a.end(), one.begin(), one.end());
  for (std::size_t j = 0; j < b_rows; ++j) b.insert(b.end(), other.begin(), other.end());
  const std::size_t stride = rounded_up(b_rows, tile().b_panel);
  std::vector<float> packed_a(rounded_up(a_rows, tile().a_panel) * dim);
  std::vector<float> packed_b(stride * dim);
  std::vector<float> out(rounded_up(a_rows, tile().a_panel) * stride);
  tile().pack_a(a.data(), a_rows, dim, packed_a.data());
  tile().pack_b(b.data(), b_rows, dim, packed_b.data());
  tile().multiply(packed_a.data(), a_rows, packed_b.data(), b_rows, dim, out.data(), stride);
  for (std::size_t i = 0; i < a_rows; ++i)
    for (std::size_t j = 0; j < b_rows; ++j) ASSERT_EQ(out[i * stride + j], out[0]) << i << ", " << j;
}

INSTANTIATE_TEST_SUITE_P(AllKernels, TileTest,
                         testing::ValuesIn(simd::runnable_kernels().begin(), simd::runnable_kernels().end()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace rattan::test
