#include "attention/budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

float log_of(double mass) { return static_cast<float>(std::log(mass)); }

// Scores of the given softmax masses at scale 0.5.
std::vector<float> scores_of(const std::vector<double>& masses) {
  std::vector<float> scores;
  for (const double mass : masses) scores.push_back(2 * log_of(mass));
  return scores;
}

BudgetCut cut(const std::vector<double>& masses, double window, double unread, double epsilon) {
  return cut_to_mass(scores_of(masses), 0.5, log_of(window), log_of(unread), epsilon);
}

TEST(CutToMass, KeepsTheSmallestPrefix) {
  const std::vector<double> masses = {8, 4, 2, 1};  // with window 80 and unread 5: 100
  EXPECT_EQ(cut(masses, 80, 5, 0.055).keep, 4U);
  EXPECT_EQ(cut(masses, 80, 5, 0.065).keep, 3U);
  EXPECT_EQ(cut(masses, 80, 5, 0.085).keep, 2U);
  EXPECT_EQ(cut(masses, 80, 5, 0.125).keep, 1U);
  EXPECT_EQ(cut(masses, 80, 5, 0.205).keep, 0U);
  EXPECT_TRUE(cut(masses, 80, 5, 0.055).enough);
}

TEST(CutToMass, SaysWhenTheSearchMustBeWider) {
  const BudgetCut narrow = cut({8, 4, 2, 1}, 80, 5, 0.045);
  EXPECT_FALSE(narrow.enough);
  EXPECT_EQ(narrow.keep, 4U);
  EXPECT_FALSE(cut({}, 1, 1, 0.4).enough);
  EXPECT_TRUE(cut({}, 1, 1, 0.6).enough);
}

TEST(CutToMass, NothingOfAnything) {
  const BudgetCut nothing = cut_to_mass({}, 1, -infinity, -infinity, 0.1);
  EXPECT_EQ(nothing.keep, 0U);
  EXPECT_TRUE(nothing.enough);
  const std::vector<float> far(3, -infinity);
  EXPECT_EQ(cut_to_mass(far, 1, -infinity, -infinity, 0.1).keep, 0U);
  EXPECT_EQ(cut_to_mass(far, 1, 0, -infinity, 0.1).keep, 0U);
  const std::vector<float> scores = {3, 2, -infinity};
  EXPECT_EQ(cut_to_mass(scores, 1, -infinity, -infinity, 0.1).keep, 2U);
  EXPECT_EQ(cut_to_mass(scores, 1, -infinity, -infinity, 0.9).keep, 1U);
  EXPECT_FALSE(cut_to_mass({}, 1, -infinity, 3, 0.5).enough);
}

TEST(CutToMass, HugeLogits) {  // FAULTS D9
  const std::vector<float> scores = {2.5e5F, 0, -2.5e5F};
  EXPECT_EQ(cut_to_mass(scores, 1, -2.5e5F, -2.5e5F, 1e-6).keep, 1U);
  EXPECT_EQ(cut_to_mass(scores, 1, 2.5e5F, -2.5e5F, 0.6).keep, 0U);
  EXPECT_FALSE(cut_to_mass(scores, 1, 0, 2.5e5F, 0.4).enough);
}

TEST(CutToUncertainty, ErrorsAddInSquares) {
  const std::vector<float> scores = scores_of({8, 4, 3, 1});  // with window 64 and unread 20: 100
  const auto keep = [&](double uncertainty, double epsilon) {
    return cut_to_uncertainty(scores, 0.5, log_of(64), log_of(20), log_of(uncertainty), epsilon, 4);
  };
  EXPECT_EQ(keep(0.5, 0.011).keep, 4U);  // sqrt(0.25 + 1) = 1.12
  EXPECT_EQ(keep(0.5, 0.014).keep, 4U);  // where 3 are kept, 3/4 of epsilon may be left
  EXPECT_EQ(keep(0.5, 0.016).keep, 3U);
  EXPECT_EQ(keep(0.5, 0.063).keep, 3U);
  EXPECT_EQ(keep(0.5, 0.066).keep, 2U);  // sqrt(0.25 + 1 + 9) = 3.2
  EXPECT_EQ(keep(0.5, 0.22).keep, 1U);   // sqrt(0.25 + 1 + 9 + 16) = 5.1
  EXPECT_EQ(keep(0.5, 0.99).keep, 1U);
}

TEST(CutToUncertainty, SaysHowManyResultsWouldDo) {
  const std::vector<float> scores = scores_of(std::vector<double>(100, 0.1));  // with window 70 and unread 20: 100
  const auto cut = [&](double uncertainty) {
    return cut_to_uncertainty(scores, 0.5, log_of(70), log_of(20), log_of(uncertainty), 0.01, 100);
  };
  EXPECT_TRUE(cut(0.9).enough);
  EXPECT_EQ(cut(0.9).wanted, 0U);
  // Eight times too much: 8^(2/3) = 4 times as many, an error that falls by half and may be four times as large.
  EXPECT_FALSE(cut(8).enough);
  EXPECT_EQ(cut(8).keep, 100U);
  EXPECT_NEAR(static_cast<double>(cut(8).wanted), 440, 1);
  EXPECT_GT(cut(1.01).wanted, 100U);
  EXPECT_FALSE(cut_to_uncertainty({}, 1, 0, 0, 0, 0.1, 100).enough);
  EXPECT_GE(cut_to_uncertainty({}, 1, 0, 0, 0, 0.1, 100).wanted, 1U);
}

TEST(CutToUncertainty, NothingAndHugeLogits) {
  EXPECT_TRUE(cut_to_uncertainty({}, 1, -infinity, -infinity, -infinity, 0.1, 1).enough);
  const std::vector<float> scores = {2.5e5F, 0};
  EXPECT_EQ(cut_to_uncertainty(scores, 1, -infinity, -2.5e5F, -2.5e5F, 0.1, 1).keep, 1U);
  expect_error(ErrorCode::invalid_argument, "uncertainty_lse",
               [&] { cut_to_uncertainty(scores, 1, 0, 0, std::numeric_limits<float>::quiet_NaN(), 0.1, 1); });
}

TEST(CutToMass, BadArgumentsAreNamed) {
  const std::vector<float> scores = {std::numeric_limits<float>::quiet_NaN()};
  const auto refuses = [](const char* name, std::span<const float> of, double scale, float window, double epsilon) {
    expect_error(ErrorCode::invalid_argument, name, [&] { cut_to_mass(of, scale, window, 0, epsilon); });
  };
  refuses("score", scores, 1, 0, 0.1);
  refuses("scale", {}, 0, 0, 0.1);
  refuses("window_lse", {}, 1, infinity, 0.1);
  for (const double epsilon : {0.0, 1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    refuses("epsilon", {}, 1, 0, epsilon);
  }
}

}  // namespace
}  // namespace rattan::test
