// The table as a whole, the filter select_above, and the agreement of all sets with one another (FAULTS G11).
#include "simd/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/random.h"
#include "operands.h"

namespace rattan::test {
namespace {

class KernelsTest : public testing::TestWithParam<const simd::Kernels*> {};

TEST_P(KernelsTest, TableIsComplete) {
  const simd::Kernels& set = *GetParam();
  for (std::size_t dtype = 0; dtype < 3; ++dtype) {
    EXPECT_NE(set.inner_product[dtype], nullptr);
    EXPECT_NE(set.l2[dtype], nullptr);
    EXPECT_NE(set.add_weighted_rows[dtype], nullptr);
    EXPECT_NE(set.to_float[dtype], nullptr);
  }
  EXPECT_NE(set.select_above, nullptr);
  EXPECT_GE(set.tile.a_panel, 1U);
  EXPECT_GE(set.tile.b_panel, 1U);
  EXPECT_NE(set.tile.multiply, nullptr);
  EXPECT_EQ(set.tile.element_bytes, sizeof(float));
  const std::string_view name = set.name;
  EXPECT_EQ(set.bf16_tile != nullptr, name == "avx512bf16" || name == "avx512amx");
}

TEST_P(KernelsTest, ScoreIsThatOfMetricAndType) {
  const simd::Kernels& set = *GetParam();
  EXPECT_EQ(set.score(Metric::l2, DType::f16), set.l2[1]);
  EXPECT_EQ(set.score(Metric::inner_product, DType::bf16), set.inner_product[2]);
}

TEST_P(KernelsTest, AgreesWithScalarWithinRounding) {
  const simd::Kernels& scalar = *simd::find_kernels("scalar");
  constexpr std::size_t rows = 5;
  for (const Metric metric : {Metric::inner_product, Metric::l2}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      for (std::size_t dim = 1; dim <= 130; ++dim) {
        const KernelCase kernel{GetParam(), metric, dtype};
        const auto keys = encode(normal_values(rows * dim, 1), dtype);
        const auto query = normal_values(4 * dim, 2);
        std::vector<const void*> pointers;
        for (std::size_t r = 0; r < rows; ++r) pointers.push_back(keys.data() + r * dim * dtype_size(dtype));
        std::vector<float> mine(4 * rows);
        std::vector<float> theirs(4 * rows);
        kernel.score()(query.data(), 4, pointers.data(), rows, dim, mine.data(), rows);
        scalar.score(metric, dtype)(query.data(), 4, pointers.data(), rows, dim, theirs.data(), rows);
        for (std::size_t i = 0; i < mine.size(); ++i) {
          const Expected expected = expected_score(
              query.data() + i / rows * dim, static_cast<const unsigned char*>(pointers[i % rows]), dtype, dim, metric);
          ASSERT_NEAR(static_cast<double>(mine[i]), static_cast<double>(theirs[i]),
                      2 * allowed_error(expected, dim, metric))
              << to_string(metric) << " " << to_string(dtype) << " dim " << dim;
        }
      }
    }
  }
}

// Positions are ascending, exactly those that pass, and both arrays may end where memory ends.
TEST_P(KernelsTest, SelectAboveFindsExactlyWhatPasses) {
  for (std::size_t count = 0; count <= 150; ++count) {
    for (const float threshold : {-2.0F, 0.0F, 0.5F, 2.0F}) {
      const GuardedBytes scores(count * sizeof(float));
      const GuardedBytes positions(count * sizeof(std::uint32_t));
      std::vector<std::uint32_t> expected;
      for (std::size_t i = 0; i < count; ++i) {
        const float score = 0.5F * static_cast<float>(random_below(count, i, 5)) - 1.0F;
        scores.as<float>()[i] = score;
        if (score >= threshold) expected.push_back(static_cast<std::uint32_t>(i));
      }
      const std::size_t selected =
          GetParam()->select_above(scores.as<float>(), count, threshold, positions.as<std::uint32_t>());
      ASSERT_EQ(selected, expected.size()) << "count " << count << ", threshold " << threshold;
      for (std::size_t i = 0; i < selected; ++i) ASSERT_EQ(positions.as<std::uint32_t>()[i], expected[i]);
    }
  }
}

TEST_P(KernelsTest, SelectAboveAtInfinityAndNaN) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> scores = {nan, -infinity, 0.0F,      infinity, nan,      1.0F, -1.0F, nan,       infinity,
                                     nan, nan,       -infinity, nan,      infinity, nan,  nan,   -infinity, infinity};
  std::vector<std::uint32_t> positions(scores.size());
  const auto select = [&](float threshold) {
    positions.resize(scores.size());
    positions.resize(GetParam()->select_above(scores.data(), scores.size(), threshold, positions.data()));
    return positions;
  };
  EXPECT_EQ(select(infinity), (std::vector<std::uint32_t>{3, 8, 13, 17}));
  EXPECT_EQ(select(-infinity), (std::vector<std::uint32_t>{1, 2, 3, 5, 6, 8, 11, 13, 16, 17}));
  EXPECT_EQ(select(-0.0F), (std::vector<std::uint32_t>{2, 3, 5, 8, 13, 17}));
  EXPECT_EQ(select(nan), std::vector<std::uint32_t>{});
}

INSTANTIATE_TEST_SUITE_P(AllSets, KernelsTest,
                         testing::ValuesIn(simd::runnable_kernels().begin(), simd::runnable_kernels().end()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace rattan::test
