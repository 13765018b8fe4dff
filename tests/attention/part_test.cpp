// Merging of parts and bases of the logarithm; parts over keys are tested in found_part_test.cpp and
// range_part_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "rattan/attention.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Owned {
  std::vector<float> output;
  float lse;

  AttentionPart part() { return {output, lse}; }
};

Owned merged(Owned into, Owned from) {
  AttentionPart part = into.part();
  merge(part, from.part());
  into.lse = part.lse;
  return into;
}

TEST(Merge, ByHand) {
  const Owned both = merged({{4, 1}, 0}, {{8, 1}, std::log(3.0F)});
  EXPECT_NEAR(both.output[0], 7, 1e-6);
  EXPECT_NEAR(both.output[1], 1, 1e-6);
  EXPECT_NEAR(both.lse, std::log(4.0), 1e-6);
}

TEST(Merge, EmptyPartsChangeNothing) {  // FAULTS D10
  const Owned part{{3, -2}, 0.7F};
  const Owned empty{{0, 0}, -infinity};
  EXPECT_EQ(merged(part, empty).output, part.output);
  EXPECT_EQ(merged(part, empty).lse, part.lse);
  EXPECT_EQ(merged(empty, part).output, part.output);
  EXPECT_EQ(merged(empty, part).lse, part.lse);
  EXPECT_EQ(merged(empty, empty).output, empty.output);
  EXPECT_EQ(merged(empty, empty).lse, -infinity);
}

TEST(Merge, LogitsOfAQuarterMillion) {  // FAULTS D9
  const Owned low{{1}, -2.5e5F};
  const Owned high{{5}, 2.5e5F};
  EXPECT_EQ(merged(low, high).output[0], 5);
  EXPECT_EQ(merged(high, low).output[0], 5);
  EXPECT_EQ(merged(high, low).lse, 2.5e5F);
  EXPECT_EQ(merged(low, {{3}, -2.5e5F}).output[0], 2);
}

TEST(Merge, NoLseMakesNan) {
  const std::vector<float> lses = {-infinity, -3e38F, -2.5e5F, 0, 2.5e5F, 3e38F};
  for (const float a : lses) {
    for (const float b : lses) {
      const Owned both = merged({{1}, a}, {{3}, b});
      EXPECT_GE(both.output[0], 1) << a << ", " << b;
      EXPECT_LE(both.output[0], 3) << a << ", " << b;
      EXPECT_GE(both.lse, std::max(a, b)) << a << ", " << b;
    }
  }
}

// Defect: FlashAttention 2 gives rows without keys an lse of +infinity, which destroyed the other part.
TEST(Merge, PartsOfPlusInfinityAreEmptyAsThoseOfMinusInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Owned part{{3, -2}, 0.7F};
  for (const float lse : {-infinity, infinity}) {
    const Owned empty{{nan, 7}, lse};
    EXPECT_EQ(merged(part, empty).output, part.output);
    EXPECT_EQ(merged(part, empty).lse, part.lse);
    EXPECT_EQ(merged(empty, part).output, part.output);
    EXPECT_EQ(merged(empty, part).lse, part.lse);
    for (const float other : {-infinity, infinity}) {
      const Owned nothing = merged({{lse > 0 ? nan : 0, 0}, lse}, {{nan, 5}, other});
      EXPECT_EQ(nothing.output, (std::vector<float>{0, 0}));
      EXPECT_EQ(nothing.lse, -infinity);
    }
  }
}

TEST(Merge, AnLseThatIsNanIsRefusedByName) {  // defect: it was dropped without a word
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Owned part{{3, -2}, 0.7F};
  Owned bad{{3, -2}, nan};
  AttentionPart good_part = part.part();
  AttentionPart bad_part = bad.part();
  expect_error(ErrorCode::invalid_argument, "lse of the part merged is nan", [&] { merge(good_part, bad_part); });
  expect_error(ErrorCode::invalid_argument, "lse of the part merged into", [&] { merge(bad_part, good_part); });
  EXPECT_EQ(good_part.lse, 0.7F);
  EXPECT_EQ(part.output, (std::vector<float>{3, -2}));
  std::vector<float> longer(3);
  expect_error(ErrorCode::invalid_argument, "outputs", [&] { merge(good_part, {longer, 0}); });
}

TEST(Lse, InPowersOfTwoAndBack) {
  EXPECT_FLOAT_EQ(lse_to_log2(std::log(8.0F)), 3);
  EXPECT_FLOAT_EQ(lse_from_log2(3), std::log(8.0F));
  EXPECT_EQ(lse_to_log2(-infinity), -infinity);
  EXPECT_EQ(lse_from_log2(-infinity), -infinity);
}

}  // namespace
}  // namespace rattan::test
