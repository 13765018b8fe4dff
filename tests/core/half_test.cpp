#include "core/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rattan {
namespace {

// Value of a binary16 or bfloat16 bit pattern, worked out from its fields in double.
double value_of(std::uint16_t bits, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  }
  const int hidden = exponent == 0 ? 0 : 1 << mantissa_bits;
  return sign * std::ldexp(hidden + mantissa, (exponent == 0 ? 1 : exponent) - bias - mantissa_bits);
}

struct Format {
  const char* name;
  int exponent_bits;
  std::uint16_t (*to)(float);
  float (*from)(std::uint16_t);
};

const Format formats[] = {{"f16", 5, to_f16, from_f16}, {"bf16", 8, to_bf16, from_bf16}};

// FAULTS D12: every bit pattern, both ways.
TEST(Half, EveryPatternWidensExactlyAndComesBack) {
  for (const Format& format : formats) {
    for (std::uint32_t pattern = 0; pattern <= 0xffffU; ++pattern) {
      const auto bits = static_cast<std::uint16_t>(pattern);
      const double expected = value_of(bits, format.exponent_bits);
      const float widened = format.from(bits);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(widened)) << format.name << " " << pattern;
        ASSERT_TRUE(std::isnan(format.from(format.to(widened)))) << format.name << " " << pattern;
        continue;
      }
      ASSERT_EQ(static_cast<double>(widened), expected) << format.name << " " << pattern;
      ASSERT_EQ(std::signbit(widened), (pattern & 0x8000U) != 0) << format.name << " " << pattern;
      ASSERT_EQ(format.to(widened), bits) << format.name << " " << pattern;
    }
  }
}

// Between each two neighbours: just below the middle rounds down, just above rounds up, the middle to the even one.
TEST(Half, RoundsToNearestEven) {
  for (const Format& format : formats) {
    const std::uint32_t infinity = ((1U << format.exponent_bits) - 1U) << (15 - format.exponent_bits);
    for (std::uint32_t pattern = 0; pattern + 1 < infinity; ++pattern) {
      const auto low = static_cast<std::uint16_t>(pattern);
      const auto high = static_cast<std::uint16_t>(pattern + 1);
      const double middle = (value_of(low, format.exponent_bits) + value_of(high, format.exponent_bits)) / 2;
      const auto exact = static_cast<float>(middle);
      if (static_cast<double>(exact) != middle) continue;  // below the smallest float
      const std::uint16_t even = (low & 1U) == 0 ? low : high;
      ASSERT_EQ(format.to(exact), even) << format.name << " " << pattern;
      ASSERT_EQ(format.to(std::nextafter(exact, 0.0F)), low) << format.name << " " << pattern;
      ASSERT_EQ(format.to(std::nextafter(exact, std::numeric_limits<float>::infinity())), high)
          << format.name << " " << pattern;
      ASSERT_EQ(format.to(-exact), even | 0x8000U) << format.name << " " << pattern;
    }
  }
}

TEST(Half, OverflowBecomesInfinityAndNanStaysNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_f16(65519.0F), 0x7bffU);
  EXPECT_EQ(to_f16(65520.0F), 0x7c00U);
  EXPECT_EQ(to_f16(-1e30F), 0xfc00U);
  EXPECT_EQ(to_f16(infinity), 0x7c00U);
  EXPECT_EQ(to_bf16(std::numeric_limits<float>::max()), 0x7f80U);
  EXPECT_EQ(to_bf16(-infinity), 0xff80U);
  // A NaN whose upper half alone would read as infinity.
  const auto sly = std::bit_cast<float>(0x7f800001U);
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(sly))));
  EXPECT_TRUE(std::isnan(from_f16(to_f16(sly))));
}

}  // namespace
}  // namespace rattan
