#include "datasets/synthetic_rope.h"

#include <gtest/gtest.h>

#include <numeric>

namespace rattan::datasets {
namespace {

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(SyntheticRope, FrequenciesFallFromOneToNearlyOneOverTheBase) {
  const Rope rope(128);
  EXPECT_EQ(rope.frequency(0), 1);
  EXPECT_NEAR(rope.frequency(32), 1 / std::sqrt(5e5), 1e-15);
  EXPECT_NEAR(rope.frequency(63), std::pow(5e5, -63.0 / 64), 1e-18);
}

TEST(SyntheticRope, TurnsPairsOfTheTwoHalves) {
  const Rope rope(4);
  std::vector<float> row{1, 2, 3, 4};
  rope.rotate(3, row.data());
  const double a = 3, b = 3 / std::sqrt(5e5);
  EXPECT_NEAR(row[0], std::cos(a) - 3 * std::sin(a), 1e-6);
  EXPECT_NEAR(row[2], 3 * std::cos(a) + std::sin(a), 1e-6);
  EXPECT_NEAR(row[1], 2 * std::cos(b) - 4 * std::sin(b), 1e-6);
  EXPECT_NEAR(row[3], 4 * std::cos(b) + 2 * std::sin(b), 1e-6);
}

TEST(SyntheticRope, ProductsDependOnTheDistanceAlone) {
  const Rope rope(16);
  const auto product = [&](std::size_t q_position, std::size_t k_position) {
    std::vector<float> q(16), k(16);
    for (std::size_t c = 0; c < 16; ++c) {
      q[c] = static_cast<float>(c) - 4;
      k[c] = 3 - static_cast<float>(c % 5);
    }
    rope.rotate(q_position, q.data());
    rope.rotate(k_position, k.data());
    return dot(q, k);
  };
  EXPECT_NEAR(product(70, 20), product(131120, 131070), 1e-3);
  EXPECT_GT(std::abs(product(70, 20) - product(70, 21)), 1e-2);
}

}  // namespace
}  // namespace rattan::datasets
