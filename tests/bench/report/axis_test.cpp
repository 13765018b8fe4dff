#include "bench/report/axis.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(Axis, LinearEndsAndMiddle) {
  const Axis axis(0.5, 1, 100, 0);
  EXPECT_DOUBLE_EQ(axis.at(0.5), 100);
  EXPECT_DOUBLE_EQ(axis.at(1), 0);
  EXPECT_DOUBLE_EQ(axis.at(0.75), 50);
  EXPECT_DOUBLE_EQ(axis.at(7), 0) << "values beyond the axis stay on its end";
}

TEST(Axis, LogarithmicMiddleIsTheGeometricMean) {
  const Axis axis(0.01, 1, 0, 200, true);
  EXPECT_DOUBLE_EQ(axis.at(0.1), 100);
  EXPECT_DOUBLE_EQ(axis.at(0), 0);
}

TEST(Axis, LinearTicksAreRound) {
  const std::vector<double> ticks = Axis(0, 43, 0, 1).ticks(6);
  ASSERT_EQ(ticks.size(), 5U);
  for (std::size_t i = 0; i < ticks.size(); ++i) EXPECT_DOUBLE_EQ(ticks[i], 10.0 * static_cast<double>(i));
}

TEST(Axis, LogarithmicTicksAreOneTwoFive) {
  const std::vector<double> ticks = Axis(0.01, 1, 0, 1, true).ticks();
  ASSERT_EQ(ticks.size(), 7U);
  EXPECT_NEAR(ticks[0], 0.01, 1e-12);
  EXPECT_NEAR(ticks[1], 0.02, 1e-12);
  EXPECT_NEAR(ticks[2], 0.05, 1e-12);
  EXPECT_NEAR(ticks[6], 1, 1e-12);
}

TEST(Axis, LongLogarithmicAxesKeepTheDecades) { EXPECT_EQ(Axis(1e-5, 1, 0, 1, true).ticks().size(), 6U); }

}  // namespace
}  // namespace rattan::bench
