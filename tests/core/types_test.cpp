#include "rattan/types.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rattan {
namespace {

// These values stand in index files.
TEST(Types, ValuesOnDiskNeverChange) {
  EXPECT_EQ(static_cast<int>(DType::f32), 0);
  EXPECT_EQ(static_cast<int>(DType::f16), 1);
  EXPECT_EQ(static_cast<int>(DType::bf16), 2);
  EXPECT_EQ(static_cast<int>(Metric::inner_product), 0);
  EXPECT_EQ(static_cast<int>(Metric::l2), 1);
  EXPECT_EQ(no_key, 0xffffffffU);
}

TEST(Types, EveryValueHasAName) {
  EXPECT_STREQ(to_string(DType::f32), "f32");
  EXPECT_STREQ(to_string(DType::f16), "f16");
  EXPECT_STREQ(to_string(DType::bf16), "bf16");
  EXPECT_STREQ(to_string(Metric::inner_product), "inner_product");
  EXPECT_STREQ(to_string(Metric::l2), "l2");
  std::set<std::string> names;
  for (int code = 1; code <= 7; ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), 7U);
  EXPECT_TRUE(names.contains("invalid_argument"));
}

// FAULTS A9: a value that is no enumerator is named as such, never undefined behaviour.
TEST(Types, UnknownValuesHaveATextToo) {
  EXPECT_NE(std::string(to_string(static_cast<DType>(9))), "");
  EXPECT_NE(std::string(to_string(static_cast<Metric>(9))), "");
  EXPECT_NE(std::string(to_string(static_cast<ErrorCode>(99))), "");
}

TEST(Types, SizesAndRanges) {
  EXPECT_EQ(dtype_size(DType::f32), 4U);
  EXPECT_EQ(dtype_size(DType::f16), 2U);
  EXPECT_EQ(dtype_size(DType::bf16), 2U);
  EXPECT_TRUE(IdRange{}.contains(0));
  EXPECT_FALSE(IdRange{}.contains(no_key));
  EXPECT_TRUE((IdRange{3, 5}.contains(4)));
  EXPECT_FALSE((IdRange{3, 5}.contains(5)));
}

TEST(Error, CarriesCodeAndText) {
  const Error error(ErrorCode::corrupt, "file x");
  EXPECT_EQ(error.code(), ErrorCode::corrupt);
  EXPECT_STREQ(error.what(), "file x");
}

}  // namespace
}  // namespace rattan
