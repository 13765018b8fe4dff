// FAULTS D7, E2, G11, R20: every inner-product and L2 kernel that this machine runs, against double precision.
#include "simd/generic_score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/random.h"
#include "operands.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_queries = 13;  // every remainder of four, with several passes

constexpr std::size_t rows = 7;  // not a multiple of any row block

std::vector<std::size_t> tested_dims() {
  std::vector<std::size_t> dims;
  for (std::size_t dim = 1; dim <= 130; ++dim) dims.push_back(dim);
  for (const std::size_t dim : {192U, 256U, 1024U}) dims.push_back(dim);
  return dims;
}

std::vector<const void*> row_pointers(const unsigned char* first, std::size_t count, std::size_t row_bytes) {
  std::vector<const void*> pointers(count);
  for (std::size_t r = 0; r < count; ++r) pointers[r] = first + r * row_bytes;
  return pointers;
}

class ScoreTest : public testing::TestWithParam<KernelCase> {
 protected:
  // Scores `queries` against rows in `keys` and compares each with double precision.
  void check(const std::vector<float>& query, std::size_t queries, const unsigned char* keys, std::size_t count,
             std::size_t dim) const {
    const KernelCase& kernel = GetParam();
    const std::size_t row_bytes = dim * dtype_size(kernel.dtype);
    const auto pointers = row_pointers(keys, count, row_bytes);
    const std::size_t stride = count + 3;
    std::vector<float> scores(queries * stride, untouched);
    kernel.score()(query.data(), queries, pointers.data(), count, dim, scores.data(), stride);
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t r = 0; r < count; ++r) {
        const Expected expected =
            expected_score(query.data() + q * dim, keys + r * row_bytes, kernel.dtype, dim, kernel.metric);
        ASSERT_NEAR(static_cast<double>(scores[q * stride + r]), expected.score,
                    allowed_error(expected, dim, kernel.metric))
            << "dim " << dim << ", query " << q << " of " << queries << ", row " << r;
      }
      for (std::size_t r = count; r < stride; ++r) ASSERT_EQ(scores[q * stride + r], untouched) << "slot past the rows";
    }
  }

  static constexpr float untouched = -12345.0F;
};

TEST_P(ScoreTest, EveryDimAndGroupAtEveryByteOffset) {
  const DType dtype = GetParam().dtype;
  std::size_t offset = 0;
  for (const std::size_t dim : tested_dims()) {
    const auto keys = encode(normal_values(rows * dim, dim), dtype);
    for (std::size_t queries = 1; queries <= most_queries; ++queries) {
      std::vector<unsigned char> shifted(keys.size() + 64 + 64);
      const auto misaligned = reinterpret_cast<std::uintptr_t>(shifted.data()) % 64;
      unsigned char* const at = shifted.data() + (64 - misaligned) + offset;
      std::memcpy(at, keys.data(), keys.size());
      check(normal_values(queries * dim, 1000 + queries), queries, at, rows, dim);
      offset = (offset + 1) % 64;
    }
  }
}

TEST_P(ScoreTest, AllOffsetsOfOneRow) {
  const DType dtype = GetParam().dtype;
  for (const std::size_t dim : {31U, 64U, 128U}) {
    const auto key = encode(normal_values(dim, 5), dtype);
    for (std::size_t offset = 0; offset < 64; ++offset) {
      alignas(64) unsigned char buffer[64 + 4 * 128];
      std::memcpy(buffer + offset, key.data(), key.size());
      check(normal_values(4 * dim, 6), 4, buffer + offset, 1, dim);
    }
  }
}

// The last row and the last query end where readable memory ends.
TEST_P(ScoreTest, ReadsNothingBehindARow) {
  const KernelCase& kernel = GetParam();
  for (const std::size_t dim : tested_dims()) {
    const std::size_t row_bytes = dim * dtype_size(kernel.dtype);
    const std::size_t query_bytes = dim * sizeof(float);
    const GuardedBytes keys(5 * row_bytes);
    const GuardedBytes queries(most_queries * query_bytes);
    std::memset(keys.begin(), 0, 5 * row_bytes);
    std::memset(queries.begin(), 0, most_queries * query_bytes);
    for (const std::size_t group : {1U, 3U, 4U, 8U}) {
      for (const std::size_t count : {1U, 2U, 4U, 5U}) {
        const auto pointers = row_pointers(keys.begin() + (5 - count) * row_bytes, count, row_bytes);
        const GuardedBytes scores(group * count * sizeof(float));
        kernel.score()(queries.as<float>() + (most_queries - group) * dim, group, pointers.data(), count, dim,
                       scores.as<float>(), count);
        EXPECT_EQ(scores.as<float>()[group * count - 1], 0.0F);
      }
    }
  }
}

// Group search and single search must agree to the bit, wherever a row stands in its list.
TEST_P(ScoreTest, ScoreDoesNotDependOnCompany) {
  const KernelCase& kernel = GetParam();
  constexpr std::size_t most_rows = 13;
  for (const std::size_t dim : {1U, 3U, 8U, 17U, 31U, 64U, 100U, 128U, 130U, 256U}) {
    const std::size_t row_bytes = dim * dtype_size(kernel.dtype);
    const auto query = normal_values(most_queries * dim, 7);
    const auto keys = encode(normal_values(most_rows * dim, 8), kernel.dtype);
    const auto pointers = row_pointers(keys.data(), most_rows, row_bytes);
    std::vector<float> alone(most_queries * most_rows);
    for (std::size_t q = 0; q < most_queries; ++q)
      for (std::size_t r = 0; r < most_rows; ++r)
        kernel.score()(query.data() + q * dim, 1, &pointers[r], 1, dim, &alone[q * most_rows + r], 1);
    for (std::size_t queries = 1; queries <= most_queries; ++queries) {
      for (std::size_t first = 0; first < most_rows; ++first) {
        const std::size_t count = most_rows - first;
        std::vector<float> together(queries * count);
        kernel.score()(query.data(), queries, &pointers[first], count, dim, together.data(), count);
        for (std::size_t q = 0; q < queries; ++q)
          for (std::size_t r = 0; r < count; ++r)
            ASSERT_EQ(std::bit_cast<std::uint32_t>(together[q * count + r]),
                      std::bit_cast<std::uint32_t>(alone[q * most_rows + first + r]))
                << "dim " << dim << ", " << queries << " queries, rows from " << first;
      }
    }
  }
}

// From subnormals to the largest finite value of the dtype, as long as the terms' magnitude is finite in fp32.
TEST_P(ScoreTest, EveryMagnitude) {
  const KernelCase& kernel = GetParam();
  const int lowest = kernel.dtype == DType::f16 ? -24 : -140;
  const int highest = kernel.dtype == DType::f16 ? 16 : 128;
  std::size_t checked = 0;
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    const std::size_t dim = 1 + random_below(11, trial, 130);
    const int key_top = lowest + static_cast<int>(random_below(12, trial, static_cast<unsigned>(highest - lowest + 1)));
    const int query_top = -140 + static_cast<int>(random_below(13, trial, 268));
    std::vector<float> keys = wide_values(2 * dim, random_stream(14, trial), key_top);
    const auto queries = wide_values(2 * dim, random_stream(15, trial), query_top);
    const auto stored = encode(keys, kernel.dtype);
    double magnitude = 0;
    for (std::size_t pair = 0; pair < 4; ++pair) {
      const unsigned char* const row = stored.data() + (pair % 2) * dim * dtype_size(kernel.dtype);
      const float* const q = queries.data() + (pair / 2) * dim;
      magnitude = std::max(magnitude, expected_score(q, row, kernel.dtype, dim, kernel.metric).magnitude);
    }
    if (!(magnitude < 0.99 * static_cast<double>(std::numeric_limits<float>::max()))) continue;
    check(queries, 2, stored.data(), 2, dim);
    ++checked;
  }
  EXPECT_GE(checked, 500U);
}

TEST_P(ScoreTest, LargestAndSmallestStoredValues) {
  const KernelCase& kernel = GetParam();
  const bool squares = kernel.metric == Metric::l2;
  const float largest = kernel.dtype == DType::f16 ? 65504.0F : squares ? 1e18F : 3e38F;
  const float smallest = kernel.dtype == DType::f16 ? 0x1p-24F : 0x1p-126F;
  for (const std::size_t dim : {1U, 2U, 33U, 128U}) {
    // Terms of both signs: the sum is finite, and so must be every sum on the way.
    std::vector<float> keys(dim, largest);
    std::vector<float> queries(dim, 1.0F / 256.0F);
    for (std::size_t c = 0; c < dim; c += 2) queries[c] = -queries[c];
    check(queries, 1, encode(keys, kernel.dtype).data(), 1, dim);
    check(std::vector<float>(dim, 1.0F), 1, encode(std::vector<float>(dim, smallest), kernel.dtype).data(), 1, dim);
  }
}

// f16 products and sums would overflow here at 65504; fp32 ones do not.
TEST_P(ScoreTest, WidensBeforeItMultiplies) {
  const KernelCase& kernel = GetParam();
  const std::vector<float> large(128, 30000.0F);
  if (kernel.metric == Metric::l2) {
    check(std::vector<float>(128, -30000.0F), 1, encode(large, kernel.dtype).data(), 1, 128);
  } else {
    check(large, 1, encode(large, kernel.dtype).data(), 1, 128);
  }
}

TEST_P(ScoreTest, NoRows) {
  const std::vector<float> query(8);
  float score = 1.0F;
  GetParam().score()(query.data(), 1, nullptr, 0, 8, &score, 0);
  EXPECT_EQ(score, 1.0F);
}

class L2Test : public ScoreTest {};

// Plus zero, not the negated sum's minus zero.
TEST_P(L2Test, AKeyScoresZeroAgainstItself) {
  const KernelCase& kernel = GetParam();
  const auto key = encode(normal_values(100, 3), kernel.dtype);
  std::vector<float> query(100);
  for (std::size_t c = 0; c < 100; ++c)
    query[c] = static_cast<float>(decode(key.data() + c * dtype_size(kernel.dtype), kernel.dtype));
  const void* row = key.data();
  float score = 1.0F;
  kernel.score()(query.data(), 1, &row, 1, 100, &score, 1);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(score), 0U);
}

std::vector<KernelCase> l2_cases() {
  std::vector<KernelCase> cases = all_kernel_cases();
  std::erase_if(cases, [](const KernelCase& kernel) { return kernel.metric != Metric::l2; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(AllKernels, L2Test, testing::ValuesIn(l2_cases()),
                         [](const auto& tested) { return name_of(tested.param); });
INSTANTIATE_TEST_SUITE_P(AllKernels, ScoreTest, testing::ValuesIn(all_kernel_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace rattan::test
