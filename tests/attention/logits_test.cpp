#include "attention/logits.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace rattan::test {
namespace {

TEST(Logits, ACapIsInUnitsOfScores) {
  const Logits logits(0.25, 50);
  EXPECT_TRUE(logits.capped());
  EXPECT_EQ(logits.score_cap, 200);
  std::array<float, 5> scores{-1000, -40, 0, 3, 1e30F};
  const std::array<float, 5> before = scores;
  logits.cap_scores(scores);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_NEAR(0.25 * static_cast<double>(scores[i]), 50 * std::tanh(0.25 * static_cast<double>(before[i]) / 50),
                1e-4);
  }
}

TEST(Logits, WithoutACapScoresStay) {
  std::array<float, 2> scores{-1000, 1e30F};
  const std::array<float, 2> before = scores;
  Logits(3).cap_scores(scores);
  EXPECT_EQ(scores, before);
  EXPECT_FALSE(Logits().capped());
}

}  // namespace
}  // namespace rattan::test
