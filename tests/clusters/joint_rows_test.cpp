#include "clusters/joint_rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(JointRows, BothSidesWeighAlike) {
  std::vector<float> large;
  for (const double x : row_values(random_matrix(1, 900 * 5, 2).view, 0))
    large.push_back(static_cast<float>(1e3 * x + 7e3));
  const SharedMatrix keys = random_matrix(900, 8, 1, DType::f16, 11);
  const SharedMatrix values = make_matrix(large, 900, 5);
  const JointRows joint(keys.view, values.view);
  ASSERT_EQ(joint.cols(), 13U);
  const std::vector<float> rows = joint.rows(0, 900, 1, serial_executor());
  const auto spread = [&](std::size_t first, std::size_t last) {
    double squared = 0;
    for (std::size_t c = first; c < last; ++c) {
      double mean = 0;
      for (std::size_t i = 0; i < 900; ++i) mean += static_cast<double>(rows[i * 13 + c]) / 900;
      for (std::size_t i = 0; i < 900; ++i) squared += (rows[i * 13 + c] - mean) * (rows[i * 13 + c] - mean) / 900;
    }
    return squared;
  };
  EXPECT_NEAR(spread(0, 8), 1, 1e-3);
  EXPECT_NEAR(spread(8, 13), 1, 1e-3);
  EXPECT_NEAR(rows[13 * 4] / rows[13 * 5], element(keys.view, 4, 0) / element(keys.view, 5, 0), 1e-5);

  const std::vector<float> some = joint.rows(3, 5, 100, serial_executor());
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t c = 0; c < 13; ++c) EXPECT_EQ(some[i * 13 + c], rows[(3 + 100 * i) * 13 + c]);
  }
}

TEST(JointRows, EqualRowsAreZeros) {
  const SharedMatrix same = make_matrix(std::vector<float>(30, 0.3F), 10, 3);
  EXPECT_EQ(JointRows(same.view, same.view).rows(0, 10, 1, serial_executor()), std::vector<float>(60));
}

}  // namespace
}  // namespace rattan::test
