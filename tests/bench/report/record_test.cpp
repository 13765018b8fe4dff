#include "bench/report/record.h"

#include <gtest/gtest.h>

#include <limits>

namespace rattan::bench {
namespace {

TEST(Record, ValuesKeepTheirTypes) {
  EXPECT_EQ(Value(7).number(), 7.0);
  EXPECT_EQ(Value(std::uint64_t{7}).number(), 7.0);
  EXPECT_TRUE(std::holds_alternative<bool>(Value(true).any()));
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(Value(-3).any()));
  EXPECT_TRUE(std::holds_alternative<std::uint64_t>(Value(3U).any()));
  EXPECT_TRUE(std::holds_alternative<std::string>(Value("flat").any()));
  EXPECT_FALSE(Value("flat").number());
  EXPECT_FALSE(Value(true).number());
}

TEST(Record, WhatIsNoNumberWasNotMeasured) {
  EXPECT_FALSE(Value().measured());
  EXPECT_FALSE(Value(std::numeric_limits<double>::quiet_NaN()).measured());
  EXPECT_FALSE(Value(std::numeric_limits<double>::infinity()).measured());
  EXPECT_FALSE(Value(std::optional<double>()).measured());
  EXPECT_EQ(Value(std::optional<double>(0.5)), Value(0.5));
}

TEST(Record, FieldsAreFoundByName) {
  const Record record = joined({{"a", 1}}, {{"b", "two"}});
  ASSERT_EQ(record.size(), 2U);
  EXPECT_EQ(find_field(record, "b")->value, Value("two"));
  EXPECT_EQ(find_field(record, "c"), nullptr);
}

}  // namespace
}  // namespace rattan::bench
