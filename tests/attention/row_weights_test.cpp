#include "attention/row_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(RowWeights, OfRetrievedKeysAreOfTheLargest) {
  const std::vector<KeyId> ids = {4, 2, 9, no_key};
  const std::vector<float> scores = {2, 1, -infinity, 7};
  RowWeights weights;
  weigh_retrieved({ids, scores}, 0.5, weights);
  EXPECT_EQ(weights.top, 2);
  ASSERT_EQ(weights.retrieved.size(), 3U);
  EXPECT_NEAR(weights.retrieved[0], 1, 1e-6);
  EXPECT_NEAR(weights.retrieved[1], std::exp(-0.5), 1e-6);
  EXPECT_EQ(weights.retrieved[2], 0);
  EXPECT_NEAR(weights.lse(), std::log(std::exp(1.0) + std::exp(0.5)), 1e-6);
  EXPECT_EQ(weights.lse(), weights.retrieved_lse());
  EXPECT_EQ(weights.unread_lse(), -infinity);
  EXPECT_EQ(weights.uncertainty_lse(), -infinity);
}

TEST(RowWeights, SumsAreReadAsLogarithms) {
  RowWeights weights;
  weights.scale = 0.5;
  weights.top = 6;
  weights.retrieved_sum = 2;
  weights.unread_sum = 3;
  weights.unread_variance = 0.25;
  EXPECT_NEAR(weights.retrieved_lse(), 3 + std::log(2.0), 1e-6);
  EXPECT_NEAR(weights.unread_lse(), 3 + std::log(3.0), 1e-6);
  EXPECT_NEAR(weights.lse(), 3 + std::log(5.0), 1e-6);
  EXPECT_NEAR(weights.uncertainty_lse(), 3 + std::log(0.5), 1e-6);
}

TEST(RowWeights, NoKeysWeighNothing) {
  RowWeights weights;
  EXPECT_EQ(weights.lse(), -infinity);
  weigh_retrieved({}, 1, weights);
  EXPECT_EQ(weights.lse(), -infinity);
  const std::vector<KeyId> ids = {4};
  const std::vector<float> scores = {-infinity};
  weigh_retrieved({ids, scores}, 1, weights);
  EXPECT_EQ(weights.lse(), -infinity);
  EXPECT_EQ(weights.retrieved.front(), 0);
}

TEST(RowWeights, BadScoresAreNamed) {
  const std::vector<KeyId> ids = {4};
  const std::vector<float> scores = {infinity};
  RowWeights weights;
  expect_error(ErrorCode::invalid_argument, "scores[0]", [&] { weigh_retrieved({ids, scores}, 1, weights); });
}

}  // namespace
}  // namespace rattan::test
