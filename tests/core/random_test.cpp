#include "core/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "rattan/executor.h"

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

TEST(Random, StreamsShareNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t stream = 0; stream < 64; ++stream) {
    for (std::uint64_t counter = 0; counter < 1024; ++counter)
      seen.insert(random_bits(random_stream(1, stream), counter));
  }
  EXPECT_EQ(seen.size(), 64U * 1024U);
  double product = 0;
  for (std::uint64_t i = 0; i < 100000; ++i)
    product += random_normal(random_stream(1, 0), i) * random_normal(random_stream(1, 1), i);
  EXPECT_NEAR(product / 100000, 0.0, 0.015);
}

TEST(Random, EveryBitIsSetHalfTheTime) {
  std::array<int, 64> counts{};
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random_bits(5, i);
    for (std::size_t bit = 0; bit < 64; ++bit) counts.at(bit) += static_cast<int>((bits >> bit) & 1U);
  }
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
}

// FAULTS G12: any thread may draw any number.
TEST(Random, IsTheSameFromAnyThread) {
  std::vector<std::uint64_t> serial(1000);
  for (std::size_t i = 0; i < serial.size(); ++i) serial[i] = random_bits(9, i);
  std::vector<std::uint64_t> parallel(serial.size());
  make_openmp_executor(7)->run(parallel.size(), [&](std::size_t i, unsigned) { parallel[i] = random_bits(9, i); });
  EXPECT_EQ(parallel, serial);
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
