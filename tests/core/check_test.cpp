#include "core/check.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <locale>
#include <string>

#include "tests/support/errors.h"

namespace rattan {
namespace {

constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

TEST(Check, RangeNamesParameterValueAndBounds) {
  EXPECT_NO_THROW(check_range("beam", 1, 1, 9));
  EXPECT_NO_THROW(check_range("beam", 9, 1, 9));
  test::expect_error(ErrorCode::invalid_argument, "beam is 0, allowed is 1 to 9", [] { check_range("beam", 0, 1, 9); });
  test::expect_error(ErrorCode::invalid_argument, "beam is 10, allowed is 1 to 9",
                     [] { check_range("beam", 10, 1, 9); });
}

class GroupedDigits final : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Check, TextsAreThoseOfTheClassicLocale) {  // defect: describe(), errors and reports followed the host's
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new GroupedDigits));
  const std::string text = message("keys: ", 1234567, ", scale ", 1234.5);
  std::locale::global(before);
  EXPECT_EQ(text, "keys: 1234567, scale 1234.5");
}

TEST(Check, NothingIsBelowOrAboveARangeUnseen) {
  EXPECT_NO_THROW(check_range("shift", -3, -3, -1));
  test::expect_error(ErrorCode::invalid_argument, "shift is -4", [] { check_range("shift", -4, -3, -1); });
  EXPECT_NO_THROW(check_range("ratio", 0.5, 0.0, 1.0));
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  test::expect_error(ErrorCode::invalid_argument, "ratio is nan", [] { check_range("ratio", nan, 0.0, 1.0); });
}

// FAULTS A2: sizes from a file never wrap.
TEST(Check, ProductsAndSumsNeverWrap) {
  EXPECT_EQ(checked_mul(highest, 1, "bytes"), highest);
  EXPECT_EQ(checked_mul(highest, 0, "bytes"), 0U);
  EXPECT_EQ(checked_mul(1ULL << 32, (1ULL << 32) - 1, "bytes"), (1ULL << 32) * ((1ULL << 32) - 1));
  EXPECT_EQ(checked_add(highest - 1, 1, "bytes"), highest);
  test::expect_error(ErrorCode::corrupt, "bytes", [] { checked_mul(1ULL << 32, 1ULL << 32, "bytes"); });
  test::expect_error(ErrorCode::corrupt, "bytes", [] { checked_add(highest, 1, "bytes"); });
  test::expect_error(ErrorCode::no_memory, "bytes", [] { checked_mul(highest, 2, "bytes", ErrorCode::no_memory); });
}

TEST(Check, MessagesJoinTheirParts) { EXPECT_EQ(message("k is ", 3, ", dim ", 2.5), "k is 3, dim 2.5"); }

}  // namespace
}  // namespace rattan
