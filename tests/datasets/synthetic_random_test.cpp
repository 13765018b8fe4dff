#include "datasets/synthetic_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace rattan::datasets {
namespace {

TEST(SyntheticRandom, NormalsHaveNormalMoments) {
  constexpr std::size_t rows = 2000, cols = 51;
  std::array<double, 5> moments{};
  std::vector<float> row(cols);
  double neighbours = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    fill_normals(7, i, row);
    for (std::size_t c = 0; c < cols; ++c) {
      for (int p = 1; p < 5; ++p) moments[static_cast<std::size_t>(p)] += std::pow(row[c], p) / (rows * cols);
    }
    for (std::size_t c = 0; c + 1 < cols; ++c) neighbours += row[c] * row[c + 1] / (rows * (cols - 1));
  }
  EXPECT_NEAR(moments[1], 0, 0.015);
  EXPECT_NEAR(moments[2], 1, 0.02);
  EXPECT_NEAR(moments[3], 0, 0.05);
  EXPECT_NEAR(moments[4], 3, 0.12);
  EXPECT_NEAR(neighbours, 0, 0.015);
}

TEST(SyntheticRandom, ARowDependsOnItsCounterAlone) {
  std::vector<float> first(8), again(8), other(8), longer(9);
  fill_normals(7, 3, first);
  fill_normals(7, 4, other);
  fill_normals(7, 3, again);
  fill_normals(7, 3, longer);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), longer.begin()));
  fill_normals(8, 3, again);
  EXPECT_NE(first, again);
  fill_normals(7, 3, {});
}

}  // namespace
}  // namespace rattan::datasets
