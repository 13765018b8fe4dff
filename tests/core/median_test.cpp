#include "core/median.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rattan {
namespace {

TEST(Median, TheUpperOneIsAValueThatIsThere) {
  std::vector<std::uint32_t> odd = {9, 1, 5};
  EXPECT_EQ(upper_median(odd), 5U);
  std::vector<std::uint32_t> even = {9, 1, 5, 7};
  EXPECT_EQ(upper_median(even), 7U);
  std::vector<double> one = {3.5};
  EXPECT_EQ(upper_median(one), 3.5);
}

TEST(Median, OfAnEvenNumberItLiesBetweenTheTwoInTheMiddle) {
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 7, 1, 5}), 6);
  EXPECT_EQ(median({}), 0);
}

}  // namespace
}  // namespace rattan
