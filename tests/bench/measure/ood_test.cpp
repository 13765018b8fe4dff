#include "bench/measure/ood.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Ood, ThePlaneHoldsTheTwoLargestSpreads) {
  std::vector<double> points;
  for (int i = 0; i < 40; ++i) {
    const double angle = 2 * 3.14159265358979 * i / 40;
    for (const double value : {1 + 0.1 * std::cos(3 * angle), 2 + 5 * std::sin(angle), 3 + 20 * std::cos(angle)}) {
      points.push_back(value);
    }
  }
  const std::vector<double> plane = principal_plane(points, 40, 3);
  ASSERT_EQ(plane.size(), 80U);
  EXPECT_NEAR(plane[0], 20, 0.05);
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_NEAR(std::abs(plane[2 * i]), 20 * std::abs(std::cos(2 * 3.14159265358979 * static_cast<double>(i) / 40)),
                0.1);
    EXPECT_LE(std::abs(plane[2 * i + 1]), 5.1);
  }
}

TEST(Ood, EqualPointsLieInTheOrigin) {
  for (const double value : principal_plane(std::vector<double>(12, 3.5), 4, 3)) EXPECT_EQ(value, 0);
}

TEST(Ood, ShiftedQueriesLieFarther) {
  datasets::KvGroup group = test::small_group(2000, 20);
  const OodHead near = describe_ood(group, "near", serial_executor());
  for (SharedMatrix& queries : group.decode_queries) {
    for (std::size_t row = 0; row < 20; ++row) test::set_element(queries, row, 0, 50);
  }
  const OodHead far = describe_ood(group, "far", serial_executor());
  ASSERT_EQ(near.query_quantiles.size(), 5U);
  EXPECT_NEAR(near.query_quantiles[2], 4, 1) << "sqrt(16) for the keys' own distribution";
  EXPECT_NEAR(near.key_quantiles[2], 4, 0.5);
  EXPECT_GT(far.query_quantiles[0], 40);
  EXPECT_EQ(far.layer, 3);
  EXPECT_EQ(far.query_plane.size(), 2 * 40U);
  EXPECT_EQ(far.key_plane.size(), 2 * 240U);
}

}  // namespace
}  // namespace rattan::bench
