#include "datasets/synthetic_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace rattan::datasets {
namespace {

SyntheticParams small() {
  SyntheticParams params;
  params.keys = 4096;
  params.decode = 256;
  params.heads = 1;
  return params;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(SyntheticHead, LatentRowsHaveNormOne) {
  const LatentTable table(3, 500, 40);
  double squared = 0;
  for (std::size_t i = 0; i < 500; ++i)
    squared += std::inner_product(table.row(i), table.row(i) + 40, table.row(i), 0.0);
  EXPECT_NEAR(squared / 500, 1, 0.03);
}

TEST(SyntheticHead, RowsDoNotDependOnTheOrderTheyAreMadeIn) {
  const SyntheticHead head(small(), 0, serial_executor());
  std::vector<float> a(128), b(128), other(128);
  head.query(1, 77, a.data());
  head.query(1, 78, other.data());
  head.key(5, other.data());
  head.query(1, 77, b.data());
  EXPECT_EQ(a, b);
}

TEST(SyntheticHead, NeighbouringQueriesAreMoreAlikeThanDistantOnes) {
  const SyntheticHead head(small(), 0, serial_executor());
  const auto away = [&](std::size_t apart) {
    double sum = 0;
    std::vector<float> a(128), b(128);
    for (std::size_t i = 1000; i < 1200; ++i) {
      head.query(0, i, a.data());
      head.query(0, i + apart, b.data());
      sum += dot(a, a) + dot(b, b) - 2 * dot(a, b);
    }
    return sum;
  };
  EXPECT_LT(away(1), 0.95 * away(2000));
}

TEST(SyntheticHead, ValuesOfATopicResembleEachOther) {
  const SyntheticParams params = small();
  const SyntheticHead head(params, 0, serial_executor());
  std::vector<float> value(128);
  double squared = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    head.value(i, value.data());
    squared += dot(value, value) / (500 * 128);
  }
  EXPECT_NEAR(squared, 1, 0.15);
}

// Before RoPE the mean is taken over turned-back queries; the spec is |mean| / rms = 0.9.
TEST(SyntheticHead, QueriesAreATightConeBeforeRope) {
  const SyntheticHead head(small(), 0, serial_executor());
  const Rope rope(128);
  std::vector<double> mean(128);
  double squared = 0;
  for (std::size_t i = 0; i < 4096; i += 4) {
    std::vector<float> query(128);
    head.query(2, i, query.data());
    for (std::size_t j = 0; j < 64; ++j) {
      const double angle = static_cast<double>(i) * rope.frequency(j);
      const double x = query[j], y = query[j + 64];
      mean[j] += (x * std::cos(angle) + y * std::sin(angle)) / 1024;
      mean[j + 64] += (y * std::cos(angle) - x * std::sin(angle)) / 1024;
    }
    squared += dot(query, query) / 1024;
  }
  const double norm = std::sqrt(std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0));
  EXPECT_NEAR(norm / std::sqrt(squared), 0.9, 0.03);
  EXPECT_NEAR(std::sqrt(squared), 13, 0.6);
}

}  // namespace
}  // namespace rattan::datasets
