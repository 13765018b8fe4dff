#include "bench/inputs/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

using Numbers = std::vector<int>;

TEST(Text, FixedDigitsAndMissingValues) {
  EXPECT_EQ(fixed(3.14159, 2), "3.14");
  EXPECT_EQ(fixed(2, 0), "2");
  EXPECT_EQ(fixed(std::numeric_limits<double>::quiet_NaN(), 2), "-");
}

TEST(Text, SignificantDigits) {
  EXPECT_EQ(significant(0.00123456, 3), "0.00123");
  EXPECT_EQ(significant(12.345, 3), "12.3");
  EXPECT_EQ(significant(1234.5, 3), "1234");
  EXPECT_EQ(significant(0, 3), "0");
  EXPECT_EQ(percent(0.018251), "1.83 %");
  EXPECT_EQ(percent(1), "100 %");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(join({"a", "b"}, " + "), "a + b");
  EXPECT_EQ(join(split(",a,,b,", ','), ","), ",a,,b,");
}

TEST(Text, IntListsTakeNumbersAndRanges) {
  EXPECT_EQ(parse_int_list("0,2,5-7", "--layers"), (Numbers{0, 2, 5, 6, 7}));
  EXPECT_EQ(parse_int_list("4", "--layers"), Numbers{4});
}

TEST(Text, BadIntListsNameTheFlag) {
  for (const char* list : {"", "a", "1,", "-1", "1-", "3-1", "1-2-3", "0-4000000000", "0-99999999", "1.5"}) {
    try {
      parse_int_list(list, "--layers");
      ADD_FAILURE() << list << " was taken";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("--layers"), std::string::npos) << error.what();
    }
  }
}

TEST(Text, NearestWordForgivesAThird) {
  const std::vector<std::string> flags = {"--recall", "--recent", "--report"};
  EXPECT_EQ(nearest_word("--recal", flags), "--recall");
  EXPECT_EQ(nearest_word("--raport", flags), "--report");
  EXPECT_EQ(nearest_word("--threads", flags), "");
}

}  // namespace
}  // namespace rattan::bench
