#include "context/held_out_scores.h"

#include <gtest/gtest.h>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(HeldOutScores, AreThoseOfTheKeysThatAPositionSees) {
  const SharedMatrix keys = random_matrix(50, 8, 1);
  const SharedMatrix queries = random_matrix(6, 8, 2);  // three groups of two
  const std::vector<std::int64_t> positions{49, 9, 200};
  std::vector<std::size_t> seen(3);
  each_held_out(queries.view, positions, keys.view, Logits(), serial_executor(),
                [&](std::size_t group, MatrixView rows, std::span<const float> scores, std::size_t visible) {
                  seen[group] = visible;
                  ASSERT_EQ(rows.rows, 2U);
                  ASSERT_EQ(scores.size(), 2 * visible);
                  for (std::size_t i = 0; i < scores.size(); ++i) {
                    double score = 0;
                    for (std::size_t c = 0; c < 8; ++c) {
                      score += element(rows, i / visible, c) * element(keys.view, i % visible, c);
                    }
                    EXPECT_NEAR(scores[i], score, 1e-5);
                  }
                });
  EXPECT_EQ(seen, (std::vector<std::size_t>{50, 10, 50}));
}

}  // namespace
}  // namespace rattan::test
