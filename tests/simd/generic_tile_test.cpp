// Packed tiles of inner products, every kernel set against double precision.
#include "simd/generic_tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "core/half.h"
#include "operands.h"
#include "simd/kernels.h"

namespace rattan::test {
namespace {

std::size_t rounded_up(std::size_t rows, std::size_t panel) { return (rows + panel - 1) / panel * panel; }

struct TileCase {
  const simd::TileKernel* kernel;
  std::string name;
};

std::vector<TileCase> tile_cases() {
  std::vector<TileCase> cases;
  for (const simd::Kernels* set : simd::runnable_kernels()) {
    cases.push_back({&set->tile, set->name});
    if (set->bf16_tile != nullptr) cases.push_back({set->bf16_tile, std::string(set->name) + "_bf16"});
  }
  return cases;
}

class TileTest : public testing::TestWithParam<TileCase> {
 protected:
  const simd::TileKernel& tile() const { return *GetParam().kernel; }

  // What the tile multiplies in place of `value`.
  double packed_value(float value) const {
    return static_cast<double>(tile().element_bytes == 2 ? from_bf16(to_bf16(value)) : value);
  }

  void check(std::size_t a_rows, std::size_t b_rows, std::size_t dim) const {
    const auto a = normal_values(a_rows * dim, 1);
    const auto b = normal_values(b_rows * dim, 2);
    const std::size_t out_rows = rounded_up(a_rows, tile().a_panel);
    const std::size_t out_columns = rounded_up(b_rows, tile().b_panel);
    const GuardedBytes packed_a(out_rows * tile().row_floats(dim) * sizeof(float));
    const GuardedBytes packed_b(out_columns * tile().row_floats(dim) * sizeof(float));
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
          const double term = packed_value(a[i * dim + c]) * packed_value(b[j * dim + c]);
          sum += term;
          magnitude += std::fabs(term);
        }
        ASSERT_NEAR(static_cast<double>(out[i * stride + j]), sum,
                    2 * static_cast<double>(dim + 1) * 0x1p-24 * magnitude)
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
  std::vector<float> packed(tile().a_panel * tile().row_floats(3), -1.0F);
  tile().pack_a(ones.data(), 1, 3, packed.data());
  const std::size_t elements = packed.size() * sizeof(float) / tile().element_bytes;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(packed.data());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < elements; ++i) {
    const double value = decode(bytes + i * tile().element_bytes, tile().element_bytes == 2 ? DType::bf16 : DType::f32);
    ASSERT_TRUE(value == 0.0 || value == 1.0) << value;
    kept += value == 1.0 ? 1 : 0;
  }
  EXPECT_EQ(kept, 3U);
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
  std::vector<float> packed_a(rounded_up(a_rows, tile().a_panel) * tile().row_floats(dim));
  std::vector<float> packed_b(stride * tile().row_floats(dim));
  std::vector<float> out(rounded_up(a_rows, tile().a_panel) * stride);
  tile().pack_a(a.data(), a_rows, dim, packed_a.data());
  tile().pack_b(b.data(), b_rows, dim, packed_b.data());
  tile().multiply(packed_a.data(), a_rows, packed_b.data(), b_rows, dim, out.data(), stride);
  for (std::size_t i = 0; i < a_rows; ++i)
    for (std::size_t j = 0; j < b_rows; ++j) ASSERT_EQ(out[i * stride + j], out[0]) << i << ", " << j;
}

// Registers that a thread configures are its own.
TEST_P(TileTest, ManyThreadsMultiplyAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int thread = 0; thread < 8; ++thread) threads.emplace_back([this] { check(70, 100, 96); });
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(AllTiles, TileTest, testing::ValuesIn(tile_cases()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace rattan::test
