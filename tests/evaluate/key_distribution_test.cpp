#include "evaluate/key_distribution.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Gauss-Jordan on [covariance | x]: an algorithm of its own to compare the Cholesky solve with.
double reference_distance(const MatrixView& keys, const std::vector<double>& x) {
  const std::size_t d = keys.cols;
  const auto n = static_cast<double>(keys.rows);
  std::vector<double> mean(d);
  for (std::size_t i = 0; i < keys.rows; ++i) {
    for (std::size_t c = 0; c < d; ++c) mean[c] += test::element(keys, i, c) / n;
  }
  std::vector<std::vector<double>> m(d, std::vector<double>(d + 1));
  for (std::size_t i = 0; i < keys.rows; ++i) {
    for (std::size_t a = 0; a < d; ++a) {
      for (std::size_t b = 0; b < d; ++b) {
        m[a][b] += (test::element(keys, i, a) - mean[a]) * (test::element(keys, i, b) - mean[b]) / n;
      }
    }
  }
  double trace = 0;
  for (std::size_t a = 0; a < d; ++a) trace += m[a][a];
  for (std::size_t a = 0; a < d; ++a) m[a][a] += 1e-6 * trace / static_cast<double>(d);
  for (std::size_t a = 0; a < d; ++a) m[a][d] = x[a] - mean[a];
  for (std::size_t p = 0; p < d; ++p) {
    for (std::size_t a = 0; a < d; ++a) {
      if (a == p) continue;
      const double f = m[a][p] / m[p][p];
      for (std::size_t b = p; b <= d; ++b) m[a][b] -= f * m[p][b];
    }
  }
  double squared = 0;
  for (std::size_t a = 0; a < d; ++a) squared += (x[a] - mean[a]) * m[a][d] / m[a][a];
  return std::sqrt(squared);
}

TEST(KeyDistribution, DistancesMatchADirectSolve) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = test::random_matrix(300, 12, 5, dtype);
    const KeyDistribution distribution(keys.view, serial_executor());
    for (const std::size_t row : {0U, 17U, 299U}) {
      auto x = test::row_values(keys.view, row);
      EXPECT_NEAR(distribution.distance(x.data()), reference_distance(keys.view, x), 1e-9);
      for (double& v : x) v += 10;
      EXPECT_NEAR(distribution.distance(x.data()), reference_distance(keys.view, x), 1e-9);
    }
  }
}

TEST(KeyDistribution, GaussianKeysLieSqrtOfDimAway) {
  const SharedMatrix keys = test::random_matrix(20000, 16, 6);
  const KeyDistribution distribution(keys.view, default_executor());
  double squared = 0;
  for (std::size_t i = 0; i < keys.view.rows; ++i) {
    squared += std::pow(distribution.distance(test::row_values(keys.view, i).data()), 2);
  }
  EXPECT_NEAR(squared / 20000, 16, 1e-3);  // exact up to the ridge, whatever the keys
}

TEST(KeyDistribution, ConstantChannelsAreHarmless) {
  const SharedMatrix keys = test::random_matrix(100, 4, 7);
  for (std::size_t i = 0; i < 100; ++i) test::set_element(keys, i, 2, 3.0F);
  const KeyDistribution distribution(keys.view, serial_executor());
  EXPECT_TRUE(std::isfinite(distribution.distance(test::row_values(keys.view, 0).data())));
  auto off = test::row_values(keys.view, 0);
  off[2] += 1;
  EXPECT_GT(distribution.distance(off.data()), 500);
}

TEST(KeyDistribution, AllKeysEqualHasDistanceZero) {  // FAULTS D3
  const SharedMatrix keys = test::make_matrix(std::vector<float>(40, 1.5F), 10, 4);
  const KeyDistribution distribution(keys.view, serial_executor());
  const double far[] = {9, 9, 9, 9};
  EXPECT_EQ(distribution.distance(far), 0);
}

TEST(KeyDistribution, TheSameBitsForAnyNumberOfThreads) {
  const SharedMatrix keys = test::random_matrix(9000, 8, 8);
  const auto three = make_openmp_executor(3);
  const auto x = test::row_values(keys.view, 1);
  EXPECT_EQ(KeyDistribution(keys.view, serial_executor()).distance(x.data()),
            KeyDistribution(keys.view, *three).distance(x.data()));
}

TEST(MeanRow, IsTheMean) {
  const SharedMatrix matrix = test::make_matrix(std::vector<float>{1, 2, 3, 6}, 2, 2);
  EXPECT_EQ(mean_row(matrix.view, serial_executor()), (std::vector<double>{2, 4}));
  EXPECT_EQ(mean_row(MatrixView(nullptr, DType::f32, 0, 2), serial_executor()), (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace rattan
