#include "bench/inputs/rotary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/matrices.h"

namespace rattan::bench {
namespace {

constexpr double base = 10000;

// One query of which every row is the same before RoPE, rotated to positions 0, 7, 14, ...
SharedMatrix rotated_rows(const std::vector<float>& query, std::size_t rows, std::vector<std::int64_t>& positions) {
  const std::size_t half = query.size() / 2;
  std::vector<float> values;
  for (std::size_t i = 0; i < rows; ++i) {
    const double position = 7.0 * static_cast<double>(i);
    positions.push_back(static_cast<std::int64_t>(position));
    std::vector<float> row(query.size());
    for (std::size_t p = 0; p < half; ++p) {
      const double angle = position * std::pow(base, -static_cast<double>(p) / static_cast<double>(half));
      row[p] = static_cast<float>(query[p] * std::cos(angle) - query[p + half] * std::sin(angle));
      row[p + half] = static_cast<float>(query[p + half] * std::cos(angle) + query[p] * std::sin(angle));
    }
    values.insert(values.end(), row.begin(), row.end());
  }
  return test::make_matrix(values, rows, query.size());
}

TEST(Rotary, UndoingRopeGivesTheQueryBack) {
  const std::vector<float> query = {1, 2, 0, 1, 0, 1, 8, 0.5F, 1, 0, 1, 1};
  std::vector<std::int64_t> positions;
  const SharedMatrix rows = rotated_rows(query, 50, positions);
  const RotaryStatistics statistics = rotary_statistics(rows.view, positions, base);
  EXPECT_NEAR(statistics.concentration, 1, 1e-5);
  for (std::size_t c = 0; c < query.size(); ++c) {
    EXPECT_NEAR(statistics.mean[c], static_cast<double>(query[c]), 1e-4);
  }
}

TEST(Rotary, EnergyIsCountedByPair) {
  // Pairs (0,4) .. (3,7) with energies 1, 4, 25, 16; the strongest is number 2.
  const std::vector<float> query = {1, 2, 3, 4, 0, 0, 4, 0};
  const std::vector<std::int64_t> positions = {0};
  const SharedMatrix row = test::make_matrix(query, 1, 8);
  const RotaryStatistics statistics = rotary_statistics(row.view, positions, base);
  EXPECT_DOUBLE_EQ(statistics.strongest_pair, 2);
  EXPECT_NEAR(statistics.top4_energy, 1, 1e-12);
  EXPECT_NEAR(statistics.strongest_ratio, 25.0 / 4, 1e-12);
}

TEST(Rotary, NothingToMeasureIsZero) {
  const SharedMatrix odd = test::random_matrix(4, 7, 1);
  const std::vector<std::int64_t> positions = {0, 1, 2, 3};
  EXPECT_EQ(rotary_statistics(odd.view, positions, base).concentration, 0);
  EXPECT_EQ(rotary_statistics({}, {}, base).concentration, 0);
}

TEST(Rotary, Cosine) {
  EXPECT_DOUBLE_EQ(cosine({1, 0}, {0, 1}), 0);
  EXPECT_DOUBLE_EQ(cosine({1, 2}, {-2, -4}), -1);
  EXPECT_DOUBLE_EQ(cosine({0, 0}, {1, 1}), 0);
  EXPECT_DOUBLE_EQ(cosine({1}, {1, 1}), 0);
}

}  // namespace
}  // namespace rattan::bench
