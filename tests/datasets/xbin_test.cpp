#include "datasets/xbin.h"

#include <gtest/gtest.h>

#include "datasets/vecs.h"
#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::source_of;

std::vector<std::byte> head(std::uint32_t rows, std::uint32_t cols, std::size_t data_size) {
  ByteWriter out;
  out.u32(rows);
  out.u32(cols);
  out.zeros(data_size);
  return out.take();
}

TEST(Xbin, FloatsHalvesAndIntegers) {
  ByteWriter floats;
  floats.u32(2);
  floats.u32(1);
  floats.f32(1.5F);
  floats.f32(-2.0F);
  const SharedMatrix matrix = parse_xbin(source_of(floats.take()), DType::f32);
  EXPECT_EQ(matrix.view.rows, 2U);
  EXPECT_EQ(test::element(matrix.view, 1, 0), -2.0);

  ByteWriter halves;
  halves.u32(1);
  halves.u32(2);
  halves.u16(0x3c00);
  halves.u16(0xc000);
  EXPECT_EQ(test::row_values(parse_xbin(source_of(halves.take()), DType::f16).view, 0),
            (std::vector<double>{1.0, -2.0}));

  ByteWriter integers;
  integers.u32(1);
  integers.u32(2);
  integers.number(std::int32_t{-7});
  integers.number(std::int32_t{9});
  const IntegerRows table = parse_ibin(source_of(integers.take()));
  EXPECT_EQ(table.cols, 2U);
  EXPECT_EQ(table.values, (std::vector<std::int32_t>{-7, 9}));
}

TEST(Xbin, AFileWithoutRowsIsEmptyNotWrong) {
  EXPECT_EQ(parse_xbin(source_of(head(0, 5, 0)), DType::f32).view.rows, 0U);
  EXPECT_EQ(parse_ibin(source_of(head(0, 5, 0))).values.size(), 0U);
}

TEST(Xbin, FilesAreReadByTheirFormat) {
  const test::TempDirectory directory;
  const auto bytes = head(3, 4, 48);
  test::write_file(directory / "a", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_EQ(read_fbin(directory / "a").view.rows, 3U);
  EXPECT_EQ(read_fbin(directory / "a", Access::map).view.cols, 4U);
  EXPECT_EQ(read_ibin(directory / "a").values.size(), 12U);
  expect_error(ErrorCode::corrupt, "3 rows of 4 need 24 bytes", [&] { read_f16bin(directory / "a"); });
  expect_error(ErrorCode::not_found, "b", [&] { read_fbin(directory / "b"); });
}

TEST(Xbin, SizesMustAgreeExactly) {
  expect_error(ErrorCode::corrupt, "cols is 0", [] { parse_xbin(source_of(head(4, 0, 0)), DType::f32); });
  for (const std::size_t size : {0U, 47U, 49U, 64U}) {
    expect_error(ErrorCode::corrupt, "need 48 bytes", [&] { parse_xbin(source_of(head(3, 4, size)), DType::f32); });
  }
  expect_error(ErrorCode::corrupt, "4294967295", [] { parse_ibin(source_of(head(~0U, ~0U, 16))); });
  // 2^31 * 2^31 * 4 = 2^64: wraps to 0 where it is not checked.
  expect_error(ErrorCode::corrupt, "2147483648 rows * 2147483648 cols",
               [] { parse_xbin(source_of(head(1U << 31, 1U << 31, 0)), DType::f32); });
  expect_error(ErrorCode::corrupt, "cols", [] { parse_xbin(source_of(std::vector<std::byte>(7)), DType::f32); });
}

// FAULTS B6: one format fed where the other is expected.
TEST(Xbin, B6_FvecsAreNotTakenForFbin) {
  ByteWriter fvecs;
  for (int row = 0; row < 5; ++row) {
    fvecs.u32(4);
    for (int i = 0; i < 4; ++i) fvecs.f32(0.25F);
  }
  const auto bytes = fvecs.take();
  EXPECT_EQ(parse_fvecs(source_of(bytes)).view.rows, 5U);
  expect_error(ErrorCode::corrupt, "fvecs", [&] { parse_xbin(source_of(bytes), DType::f32); });
  expect_error(ErrorCode::corrupt, "dimension", [] { parse_fvecs(source_of(head(3, 4, 48))); });
}

}  // namespace
}  // namespace rattan::datasets
