// Weighted sums of rows and conversion to fp32, every kernel set against double precision. FAULTS E2, G11.
#include "simd/generic_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "operands.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_queries = 13;  // every remainder of four, with several passes

class RowsTest : public testing::TestWithParam<KernelCase> {
 protected:
  simd::AddWeightedRows add_weighted() const { return GetParam().set->add_weighted(GetParam().dtype); }
  simd::ToFloat to_float() const { return GetParam().set->widen(GetParam().dtype); }
  DType dtype() const { return GetParam().dtype; }
};

std::vector<const void*> row_pointers(const unsigned char* first, std::size_t count, std::size_t row_bytes) {
  std::vector<const void*> pointers(count);
  for (std::size_t r = 0; r < count; ++r) pointers[r] = first + r * row_bytes;
  return pointers;
}

TEST_P(RowsTest, WeightedSumsOfEveryDimAndSetCount) {
  std::size_t count = 0;
  for (std::size_t dim = 1; dim <= 130; ++dim) {
    for (std::size_t sets = 1; sets <= most_queries; ++sets) {
      count = (count + 1) % 12;
      const std::size_t stride = count + 2;
      const auto weights = normal_values(sets * stride, dim);
      const auto stored = encode(normal_values(count * dim, 9), dtype());
      const std::size_t offset = (dim * 8 + sets) % 64;
      std::vector<unsigned char> shifted(stored.size() + 64);
      std::copy(stored.begin(), stored.end(), shifted.begin() + static_cast<std::ptrdiff_t>(offset));
      const auto pointers = row_pointers(shifted.data() + offset, count, dim * dtype_size(dtype()));
      const auto before = normal_values(sets * dim, 10);
      auto out = before;
      add_weighted()(weights.data(), sets, stride, pointers.data(), count, dim, out.data());
      for (std::size_t w = 0; w < sets; ++w) {
        for (std::size_t c = 0; c < dim; ++c) {
          auto sum = static_cast<double>(before[w * dim + c]);
          double magnitude = std::fabs(sum);
          for (std::size_t r = 0; r < count; ++r) {
            const double term = static_cast<double>(weights[w * stride + r]) *
                                decode(stored.data() + (r * dim + c) * dtype_size(dtype()), dtype());
            sum += term;
            magnitude += std::fabs(term);
          }
          ASSERT_NEAR(static_cast<double>(out[w * dim + c]), sum,
                      2 * static_cast<double>(count + 1) * 0x1p-24 * magnitude)
              << "dim " << dim << ", set " << w << " of " << sets << ", column " << c;
        }
      }
    }
  }
}

TEST_P(RowsTest, WeightedSumDoesNotDependOnTheOtherSets) {
  constexpr std::size_t count = 9;
  for (const std::size_t dim : {5U, 64U, 100U, 128U}) {
    const auto weights = normal_values(most_queries * count, 1);
    const auto stored = encode(normal_values(count * dim, 2), dtype());
    const auto pointers = row_pointers(stored.data(), count, dim * dtype_size(dtype()));
    std::vector<float> alone(most_queries * dim, 0.0F);
    for (std::size_t w = 0; w < most_queries; ++w)
      add_weighted()(&weights[w * count], 1, count, pointers.data(), count, dim, &alone[w * dim]);
    for (std::size_t sets = 1; sets <= most_queries; ++sets) {
      std::vector<float> together(sets * dim, 0.0F);
      add_weighted()(weights.data(), sets, count, pointers.data(), count, dim, together.data());
      EXPECT_EQ(std::memcmp(together.data(), alone.data(), together.size() * sizeof(float)), 0)
          << "dim " << dim << ", " << sets << " sets";
    }
  }
}

// More rows than one pass takes, and rows that are longer than one pass.
TEST_P(RowsTest, WeightedSumsOfManyAndOfLongRows) {
  const std::pair<std::size_t, std::size_t> shapes[] = {{1200, 100}, {3, 70000}};
  for (const auto& [count, dim] : shapes) {
    const auto weights = normal_values(2 * count, 1);
    const auto stored = encode(normal_values(count * dim, 2), dtype());
    const auto pointers = row_pointers(stored.data(), count, dim * dtype_size(dtype()));
    std::vector<float> out(2 * dim, 0.0F);
    add_weighted()(weights.data(), 2, count, pointers.data(), count, dim, out.data());
    for (std::size_t w = 0; w < 2; ++w) {
      for (std::size_t c = 0; c < dim; c += 1 + dim / 100) {
        double sum = 0;
        double magnitude = 0;
        for (std::size_t r = 0; r < count; ++r) {
          const double term = static_cast<double>(weights[w * count + r]) *
                              decode(stored.data() + (r * dim + c) * dtype_size(dtype()), dtype());
          sum += term;
          magnitude += std::fabs(term);
        }
        ASSERT_NEAR(static_cast<double>(out[w * dim + c]), sum, 2 * static_cast<double>(count) * 0x1p-24 * magnitude)
            << count << " rows of " << dim;
      }
    }
  }
}

TEST_P(RowsTest, TouchesNothingBehindRowsOrOutput) {
  for (std::size_t dim = 1; dim <= 130; ++dim) {
    const std::size_t row_bytes = dim * dtype_size(dtype());
    for (const std::size_t sets : {1U, 2U, 4U}) {
      const GuardedBytes keys(row_bytes);
      const GuardedBytes weights(sets * sizeof(float));
      const GuardedBytes out(sets * dim * sizeof(float));
      const void* row = keys.begin();
      add_weighted()(weights.as<float>(), sets, 1, &row, 1, dim, out.as<float>());
      EXPECT_EQ(out.as<float>()[sets * dim - 1], 0.0F);
      to_float()(row, dim, out.as<float>());
    }
  }
}

TEST_P(RowsTest, ConvertsExactly) {
  for (std::size_t dim = 1; dim <= 130; ++dim) {
    const auto stored = encode(normal_values(dim, dim), dtype());
    std::vector<unsigned char> shifted(stored.size() + 64);
    std::memcpy(shifted.data() + dim % 64, stored.data(), stored.size());
    std::vector<float> out(dim + 1, -1.0F);
    to_float()(shifted.data() + dim % 64, dim, out.data());
    for (std::size_t c = 0; c < dim; ++c)
      ASSERT_EQ(static_cast<double>(out[c]), decode(stored.data() + c * dtype_size(dtype()), dtype()));
    EXPECT_EQ(out[dim], -1.0F);
  }
}

class HalfRowsTest : public RowsTest {};

// FAULTS R21: every 16-bit pattern; NaN stays NaN.
TEST_P(HalfRowsTest, ConvertsEveryHalfPattern) {
  std::vector<std::uint16_t> patterns(65536);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint16_t>(i);
  std::vector<float> out(patterns.size());
  to_float()(patterns.data(), patterns.size(), out.data());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const double expected = decode(reinterpret_cast<const unsigned char*>(&patterns[i]), dtype());
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(out[i])) << std::hex << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(static_cast<double>(out[i])), std::bit_cast<std::uint64_t>(expected))
          << std::hex << i;
    }
  }
}

std::vector<KernelCase> cases_of(const std::vector<DType>& dtypes) {
  std::vector<KernelCase> cases;
  for (const simd::Kernels* set : simd::runnable_kernels())
    for (const DType dtype : dtypes) cases.push_back({set, Metric::inner_product, dtype});
  return cases;
}

std::string set_and_dtype(const testing::TestParamInfo<KernelCase>& tested) {
  return std::string(tested.param.set->name) + "_" + to_string(tested.param.dtype);
}

INSTANTIATE_TEST_SUITE_P(AllKernels, RowsTest, testing::ValuesIn(cases_of({DType::f32, DType::f16, DType::bf16})),
                         set_and_dtype);
INSTANTIATE_TEST_SUITE_P(AllKernels, HalfRowsTest, testing::ValuesIn(cases_of({DType::f16, DType::bf16})),
                         set_and_dtype);

}  // namespace
}  // namespace rattan::test
