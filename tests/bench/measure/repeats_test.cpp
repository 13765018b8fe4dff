#include "bench/measure/repeats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rattan::bench {
namespace {

TEST(Repeats, MeanAndDeviationOfASample) {
  EXPECT_TRUE(std::isnan(mean_and_deviation({}).mean));
  const std::vector<double> one = {3};
  EXPECT_EQ(mean_and_deviation(one).mean, 3);
  EXPECT_TRUE(std::isnan(mean_and_deviation(one).deviation)) << "one value does not deviate";
  const std::vector<double> three = {1, 2, 6};
  EXPECT_DOUBLE_EQ(mean_and_deviation(three).mean, 3);
  EXPECT_DOUBLE_EQ(mean_and_deviation(three).deviation, std::sqrt(7.0));
}

TEST(Repeats, MediansAreJoinedWayByWay) {
  double turn = 0;
  const std::vector<RepeatedTime> joined = repeat_timing(3, [&] {
    turn += 1;
    return std::vector<std::vector<double>>{{turn, turn, 90}, {7, 8, 9}};
  });
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_DOUBLE_EQ(joined[0].p50, 2);
  EXPECT_DOUBLE_EQ(joined[0].p50_deviation, 1);
  EXPECT_DOUBLE_EQ(joined[0].p99, 90);
  EXPECT_EQ(joined[0].timed, 3U);
  EXPECT_EQ(joined[0].repeats, 3U);
  EXPECT_DOUBLE_EQ(joined[1].p50, 8);
  EXPECT_DOUBLE_EQ(joined[1].p50_deviation, 0);
}

TEST(Repeats, OneRepeatIsItsMedianWithoutADeviation) {
  const std::vector<RepeatedTime> once = repeat_timing(1, [] { return std::vector<std::vector<double>>{{5, 1, 3}}; });
  EXPECT_EQ(once.at(0).p50, 3);
  EXPECT_TRUE(std::isnan(once.at(0).p50_deviation));
}

}  // namespace
}  // namespace rattan::bench
