#include "core/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

namespace rattan {
namespace {

TEST(Random, DependsOnSeedAndCounterAlone) {
  EXPECT_EQ(random_bits(1, 5), random_bits(1, 5));
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    for (std::uint64_t counter = 0; counter < 1024; ++counter) seen.insert(random_bits(seed, counter));
  }
  EXPECT_EQ(seen.size(), 64U * 1024U);
}

TEST(Random, StreamsDiffer) {
  EXPECT_NE(random_stream(1, 0), random_stream(1, 1));
  EXPECT_NE(random_stream(1, 0), random_stream(2, 0));
}

TEST(Random, UniformFillsItsRange) {
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double value = random_uniform(7, i);
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(Random, BelowIsEvenOverItsRange) {
  std::array<int, 10> counts{};
  for (std::uint64_t i = 0; i < 100000; ++i) ++counts.at(random_below(3, i, counts.size()));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(random_below(3, 0, 1), 0U);
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double value = random_normal(11, i);
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 100000, 0.0, 0.02);
  EXPECT_NEAR(squares / 100000, 1.0, 0.02);
}

}  // namespace
}  // namespace rattan
