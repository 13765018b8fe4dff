// Largest and exponentials of scores, every kernel set against double precision, at every length and offset.
#include "simd/generic_softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "operands.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

class SoftmaxTest : public testing::TestWithParam<const simd::Kernels*> {
 protected:
  float largest(const std::vector<float>& values) const { return GetParam()->largest(values.data(), values.size()); }
};

double allowed(double exponent) { return std::exp(exponent) * (0x1p-22 + 0x1p-23 * std::fabs(exponent)); }

TEST_P(SoftmaxTest, LargestOfEveryLength) {
  EXPECT_EQ(largest({}), -infinity);
  for (std::size_t count = 1; count <= 130; ++count) {
    auto values = normal_values(count, count);
    for (float& value : values) value -= 100;
    EXPECT_EQ(largest(values), *std::max_element(values.begin(), values.end())) << count;
    values[count - 1] = -1;
    EXPECT_EQ(largest(values), -1) << count;
    values[0] = -0.5F;
    EXPECT_EQ(largest(values), -0.5F) << count;
  }
  EXPECT_EQ(largest(std::vector<float>(37, -infinity)), -infinity);
}

TEST_P(SoftmaxTest, CappedOfEveryLength) {
  for (std::size_t count = 0; count <= 130; ++count) {
    auto values = normal_values(count, count + 1);
    for (float& value : values) value *= 40;
    const float cap = 5 + static_cast<float>(count);
    std::vector<float> capped = values;
    capped.push_back(-7);
    GetParam()->soft_cap(capped.data(), count, cap);
    for (std::size_t i = 0; i < count; ++i) {
      const double expected = static_cast<double>(cap) * std::tanh(static_cast<double>(values[i] / cap));
      ASSERT_NEAR(static_cast<double>(capped[i]), expected, static_cast<double>(cap) * 0x1p-21) << i << " of " << count;
    }
    EXPECT_EQ(capped[count], -7);
  }
}

TEST_P(SoftmaxTest, CappedInfinityAndNan) {
  std::vector<float> values(21, infinity);
  values[1] = values[20] = -infinity;
  values[2] = std::numeric_limits<float>::quiet_NaN();
  values[3] = 0;
  GetParam()->soft_cap(values.data(), values.size(), 30);
  EXPECT_EQ(values[0], 30);
  EXPECT_EQ(values[1], -30);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 0);
  EXPECT_EQ(values[20], -30);
}

TEST_P(SoftmaxTest, WeightsOfEveryLength) {
  for (std::size_t count = 0; count <= 130; ++count) {
    const auto scores = normal_values(count, count + 1);
    const float top = largest(scores);
    const float scale = 0.3F + static_cast<float>(count % 9);
    std::vector<float> weights(count + 1, -1.0F);
    const float sum = GetParam()->exp_weights(scores.data(), count, scale, top, weights.data());
    double expected_sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double exponent = static_cast<double>(scale) * (static_cast<double>(scores[i]) - static_cast<double>(top));
      expected_sum += std::exp(exponent);
      ASSERT_NEAR(static_cast<double>(weights[i]), std::exp(exponent), allowed(exponent)) << i << " of " << count;
    }
    EXPECT_EQ(weights[count], -1.0F);
    EXPECT_NEAR(static_cast<double>(sum), expected_sum, 1e-5 * expected_sum);

    std::vector<float> in_place = scores;
    EXPECT_EQ(GetParam()->exp_weights(in_place.data(), count, scale, top, in_place.data()), sum);
    EXPECT_TRUE(std::equal(in_place.begin(), in_place.end(), weights.begin()));
  }
}

TEST_P(SoftmaxTest, ExponentialsOverTheWholeRange) {
  std::vector<float> scores;
  for (float x = 0; x > -87.0F; x -= 0.0037F) scores.push_back(x);
  std::vector<float> weights(scores.size());
  GetParam()->exp_weights(scores.data(), scores.size(), 1, 0, weights.data());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double x = static_cast<double>(scores[i]);
    ASSERT_NEAR(static_cast<double>(weights[i]) / std::exp(x), 1, 0x1p-22) << x;
  }
  EXPECT_EQ(weights[0], 1.0F);
}

TEST_P(SoftmaxTest, FarScoresWeighNothing) {
  std::vector<float> scores = {-infinity, -2.5e5F, 2.5e5F, 2.5e5F - 90, -std::numeric_limits<float>::max()};
  scores.resize(21, -infinity);
  std::vector<float> weights(scores.size());
  EXPECT_EQ(GetParam()->exp_weights(scores.data(), scores.size(), 1, 2.5e5F, weights.data()), 1.0F);
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(weights[i], i == 2 ? 1.0F : 0.0F) << i;
}

TEST_P(SoftmaxTest, NanStaysSeen) {
  for (const std::size_t count : {3U, 16U, 35U}) {
    std::vector<float> scores(count, -1.0F);
    scores[count - 1] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> weights(count);
    EXPECT_TRUE(std::isnan(GetParam()->exp_weights(scores.data(), count, 1, 0, weights.data())));
    EXPECT_TRUE(std::isnan(weights[count - 1]));
  }
}

TEST_P(SoftmaxTest, TouchesNothingBehindTheScores) {
  for (std::size_t count = 1; count <= 70; ++count) {
    const GuardedBytes scores(count * sizeof(float));
    const GuardedBytes weights(count * sizeof(float));
    EXPECT_EQ(GetParam()->largest(scores.as<float>(), count), 0.0F);
    EXPECT_EQ(GetParam()->exp_weights(scores.as<float>(), count, 1, 0, weights.as<float>()), static_cast<float>(count));
  }
}

INSTANTIATE_TEST_SUITE_P(AllSets, SoftmaxTest,
                         testing::ValuesIn(simd::runnable_kernels().begin(), simd::runnable_kernels().end()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace rattan::test
