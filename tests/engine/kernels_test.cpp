// The inner loops of rattan-engine, every instruction set of the machine against double.
extern "C" {
#include "tools/engine/kernels.h"
#include "tools/engine/half.h"
}

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace rattan::test {
namespace {

std::vector<const struct kernels*> sets() {
  std::vector<const struct kernels*> all;
  for (std::size_t i = 0; kernels_at(i) != nullptr; ++i) all.push_back(kernels_at(i));
  return all;
}

std::vector<float> random_floats(std::size_t count, float scale = 1) {
  static std::mt19937 random(1);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

float half_value(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  const float fraction = static_cast<float>(half & 1023) / 1024;
  const float magnitude = exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(EngineKernels, EveryFiniteHalfGoesThereAndBack) {
  std::vector<std::uint16_t> halves;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    if ((bits & 0x7c00) != 0x7c00) halves.push_back(static_cast<std::uint16_t>(bits));
  }
  for (const struct kernels* set : sets()) {
    std::vector<float> wide(halves.size());
    set->widen(wide.data(), halves.data(), halves.size());
    std::vector<std::uint16_t> back(halves.size());
    to_halves(back.data(), wide.data(), wide.size());
    EXPECT_EQ(back, halves) << set->name;
    for (std::size_t i = 0; i < halves.size(); ++i) ASSERT_EQ(wide[i], half_value(halves[i])) << set->name;
  }
}

TEST(EngineKernels, HalvesAreTheNearestAndTiesGoToEven) {
  EXPECT_EQ(to_half(1.0F + 0x1p-11F), 0x3c00);
  EXPECT_EQ(to_half(1.0F + 0x1.8p-10F), 0x3c02);
  EXPECT_EQ(to_half(-65519.0F), 0xfbff);
  EXPECT_EQ(to_half(65520.0F), 0x7c00);
  EXPECT_EQ(to_half(0x1p-25F), 0);
  EXPECT_EQ(to_half(0x1.8p-25F), 1);
}

TEST(EngineKernels, Multiply) {
  constexpr std::size_t depth = 37;
  for (const struct kernels* set : sets()) {
    for (std::size_t rows = 1; rows <= 19; ++rows) {
      const auto a = random_floats(rows * depth), b = random_floats(depth * panel_width);
      for (const bool across : {false, true}) {
        const std::size_t row_step = across ? 1 : depth, column_step = across ? rows : 1;
        std::vector<float> sums = random_floats(rows * panel_width), expected = sums;
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < panel_width; ++c) {
            double sum = expected[r * panel_width + c];
            for (std::size_t i = 0; i < depth; ++i) {
              sum +=
                  static_cast<double>(a[r * row_step + i * column_step]) * static_cast<double>(b[i * panel_width + c]);
            }
            expected[r * panel_width + c] = static_cast<float>(sum);
          }
        }
        set->multiply(sums.data(), rows, a.data(), row_step, column_step, b.data(), depth);
        for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums[i], expected[i], 1e-4) << set->name << rows;
      }
    }
  }
}

TEST(EngineKernels, DotInt8) {
  for (const struct kernels* set : sets()) {
    for (std::size_t count = 1; count <= 130; ++count) {
      const auto a = random_floats(count);
      std::vector<std::int8_t> b(count);
      double sum = 0;
      for (std::size_t i = 0; i < count; ++i) {
        b[i] = static_cast<std::int8_t>(i * 37);
        sum += static_cast<double>(a[i]) * b[i];
      }
      ASSERT_NEAR(set->dot_int8(a.data(), b.data(), count), sum, 1e-3 * static_cast<double>(count)) << set->name;
    }
  }
}

// A softmax over keys that come in two tiles, by rows (attend) and by columns (soften and multiply).
TEST(EngineKernels, OnlineSoftmax) {
  constexpr std::size_t keys = 100, dim = 24, tile = key_tile;
  const auto k = random_floats(keys * dim, 2), v = random_floats(keys * dim), q = random_floats(panel_width * dim, 2);
  const auto score = [&](std::size_t c, std::size_t r) {
    double sum = 0;
    for (std::size_t d = 0; d < dim; ++d)
      sum += static_cast<double>(q[c * dim + d]) * static_cast<double>(k[r * dim + d]);
    return sum;
  };
  for (const struct kernels* set : sets()) {
    std::vector<float> maxima(panel_width, -1e30F), sums(panel_width), output(dim * panel_width);
    std::vector<float> columns(dim * panel_width);
    for (std::size_t i = 0; i < q.size(); ++i) columns[i % dim * panel_width + i / dim] = q[i];
    for (std::size_t first = 0; first < keys; first += tile) {
      const std::size_t count = std::min(tile, keys - first);
      std::vector<float> scores(count * panel_width);
      set->multiply(scores.data(), count, k.data() + first * dim, dim, 1, columns.data(), dim);
      set->soften(scores.data(), count, maxima.data(), sums.data(), output.data(), dim);
      set->multiply(output.data(), dim, v.data() + first * dim, 1, dim, scores.data(), count);
    }
    for (std::size_t c = 0; c < panel_width; ++c) {
      float maximum = -1e30F, sum = 0;
      std::vector<float> row(dim);
      for (std::size_t first = 0; first < keys; first += tile) {
        set->attend(q.data() + c * dim, k.data() + first * dim, v.data() + first * dim, std::min(tile, keys - first),
                    dim, &maximum, &sum, row.data());
      }
      double total = 0;
      std::vector<double> expected(dim);
      for (std::size_t r = 0; r < keys; ++r) {
        const double weight = std::exp2(score(c, r) - static_cast<double>(maximum));
        total += weight;
        for (std::size_t d = 0; d < dim; ++d) expected[d] += weight * static_cast<double>(v[r * dim + d]);
      }
      for (std::size_t d = 0; d < dim; ++d) {
        ASSERT_NEAR(row[d] / sum, expected[d] / total, 1e-4) << set->name;
        ASSERT_NEAR(output[d * panel_width + c] / sums[c], expected[d] / total, 1e-4) << set->name;
      }
    }
  }
}

}  // namespace
}  // namespace rattan::test
