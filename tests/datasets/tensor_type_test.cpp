#include "datasets/tensor_type.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

TEST(TensorType, TypesRoundTrip) {
  for (const DType dtype : test::all_dtypes) {
    EXPECT_EQ(to_dtype(to_tensor_type(dtype), "x"), dtype);
    EXPECT_EQ(type_size(to_tensor_type(dtype)), dtype_size(dtype));
  }
  EXPECT_EQ(to_string(TensorType::bf16), "BF16");
  EXPECT_EQ(to_string(TensorType::c64), "C64");
  EXPECT_EQ(type_size(TensorType::boolean), 1U);
  EXPECT_EQ(tensor_type("BF16"), TensorType::bf16);
  EXPECT_EQ(tensor_type("bf16"), std::nullopt);
  test::expect_error(ErrorCode::unsupported, "x has the dtype I8", [] { to_dtype(TensorType::i8, "x"); });
}

}  // namespace
}  // namespace rattan::datasets
