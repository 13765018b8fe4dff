#include "core/log_sum_exp.h"

#include <gtest/gtest.h>

#include <vector>

namespace rattan::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double log_sum_exp(const std::vector<double>& logits) {
  LogSumExp sum;
  for (const double x : logits) sum.reach(x);
  if (sum.empty()) return -infinity;
  for (const double x : logits) sum.add(x);
  return sum.log();
}

TEST(LogSumExp, IsTheLogarithmOfTheSum) {
  EXPECT_NEAR(log_sum_exp({0, 1, -2}), std::log(1 + std::exp(1) + std::exp(-2)), 1e-15);
  EXPECT_EQ(log_sum_exp({3}), 3);
}

TEST(LogSumExp, NothingHasNoMass) {
  EXPECT_EQ(log_sum_exp({}), -infinity);
  EXPECT_EQ(log_sum_exp({-infinity, -infinity}), -infinity);
  EXPECT_EQ(log_sum_exp({-infinity, 2}), 2);
}

TEST(LogSumExp, HugeOnesNeitherOverflowNorVanish) {
  EXPECT_NEAR(log_sum_exp({1e6, 1e6}), 1e6 + std::log(2.0), 1e-9);
  EXPECT_NEAR(log_sum_exp({-1e6, -1e6, -1e6}), -1e6 + std::log(3.0), 1e-9);
}

TEST(LogSum, OfNothingIsMinusInfinity) {
  EXPECT_EQ(log_sum(-infinity, 0), -infinity);
  EXPECT_EQ(log_sum(5, 0), -infinity);
  EXPECT_EQ(log_sum(5, 1), 5);
}

TEST(LogDifference, TakesOneFromTheOther) {
  EXPECT_NEAR(log_difference(std::log(5.0), std::log(3.0)), std::log(2.0), 1e-15);
  EXPECT_EQ(log_difference(4, -infinity), 4);
  EXPECT_EQ(log_difference(4, 4), -infinity);
  EXPECT_EQ(log_difference(4, 4.001), -infinity) << "rounding has left less than nothing";
  EXPECT_EQ(log_difference(-infinity, -infinity), -infinity);
}

}  // namespace
}  // namespace rattan::test
