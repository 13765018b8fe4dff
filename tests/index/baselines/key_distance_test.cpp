#include "index/baselines/key_distance.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

TEST(ScoredDistance, IsTheNegatedScoreWhicheverSideIsHeld) {
  for (const Metric metric : test::all_metrics) {
    const SharedMatrix keys = test::random_matrix(6, 20, 1, DType::f16);
    const ScoredDistance distance(keys.view, metric);
    const auto expect_near = [&](KeyId a, KeyId b) {
      const double score = test::reference_score(keys.view, a, keys.view, b, metric);
      EXPECT_NEAR(distance.between(a, b), -score, 1e-3) << a << ' ' << b;
    };
    for (KeyId b = 0; b < 6; ++b) expect_near(2, b);
    for (KeyId a = 0; a < 6; ++a) expect_near(a, 3);
    for (KeyId key = 0; key < 6; ++key) expect_near(key, 5 - key);
  }
}

// Two builds, one after the other or at once on one thread: a key held for the one must not be taken for the other's.
TEST(ScoredDistance, TwoObjectsDoNotMeet) {
  const SharedMatrix ones = test::make_matrix(std::vector<float>(8, 1), 2, 4);
  const SharedMatrix twos = test::make_matrix(std::vector<float>(8, 2), 2, 4);
  const ScoredDistance of_ones(ones.view, Metric::inner_product);
  EXPECT_EQ(of_ones.between(0, 1), -4.0F);
  {
    const ScoredDistance of_twos(twos.view, Metric::inner_product);
    EXPECT_EQ(of_twos.between(0, 1), -16.0F);
    EXPECT_EQ(of_ones.between(0, 1), -4.0F);
  }
  const ScoredDistance next(twos.view, Metric::inner_product);
  EXPECT_EQ(next.between(0, 1), -16.0F);
}

// FAULTS D7.
TEST(ScoredDistance, D7_NaNIsInfinitelyFar) {
  const float most = std::numeric_limits<float>::max();
  const SharedMatrix keys = test::make_matrix(std::vector<float>{most, most, most, -most}, 2, 2);
  EXPECT_EQ(ScoredDistance(keys.view, Metric::inner_product).between(0, 1), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace rattan
