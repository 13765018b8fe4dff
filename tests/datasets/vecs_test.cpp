#include "datasets/vecs.h"

#include <gtest/gtest.h>

#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::source_of;

std::vector<std::byte> fvecs(const std::vector<std::int32_t>& dims) {
  ByteWriter out;
  float value = 0.5F;
  for (const std::int32_t dim : dims) {
    out.number(dim);
    for (std::int32_t i = 0; i < dim; ++i) out.f32(value++);
  }
  return out.take();
}

TEST(Vecs, FvecsRowsAreReadInPlace) {
  const SharedMatrix matrix = parse_fvecs(source_of(fvecs({3, 3})));
  EXPECT_EQ(matrix.view.dtype, DType::f32);
  EXPECT_EQ(matrix.view.rows, 2U);
  EXPECT_EQ(matrix.view.cols, 3U);
  EXPECT_EQ(test::row_values(matrix.view, 0), (std::vector<double>{0.5, 1.5, 2.5}));
  EXPECT_EQ(test::row_values(matrix.view, 1), (std::vector<double>{3.5, 4.5, 5.5}));
}

TEST(Vecs, IvecsMayHoldAnyInteger) {
  ByteWriter out;
  for (const std::int32_t number : {2, 7, -1, 2, 2147483647, 0}) out.number(number);
  const IntegerRows table = parse_ivecs(source_of(out.take()));
  EXPECT_EQ(table.rows, 2U);
  EXPECT_EQ(table.cols, 2U);
  EXPECT_EQ(table.values, (std::vector<std::int32_t>{7, -1, 2147483647, 0}));
}

TEST(Vecs, BothAccessesReadFiles) {
  const test::TempDirectory directory;
  const auto bytes = fvecs({2, 2, 2});
  test::write_file(directory / "a.fvecs", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const Access access : {Access::copy, Access::map}) {
    EXPECT_EQ(test::row_values(read_fvecs(directory / "a.fvecs", access).view, 2), (std::vector<double>{4.5, 5.5}));
    EXPECT_EQ(read_ivecs(directory / "a.fvecs", access).rows, 3U);
  }
  expect_error(ErrorCode::not_found, "b.fvecs", [&] { read_fvecs(directory / "b.fvecs"); });
}

// FAULTS B7.
TEST(Vecs, B7_RowsOfDifferingZeroOrNegativeDimension) {
  expect_error(ErrorCode::corrupt, "dimension of row 0 is 0", [] { parse_fvecs(source_of(fvecs({0}))); });
  expect_error(ErrorCode::corrupt, "dimension of row 0 is -5", [] { parse_ivecs(source_of(fvecs({-5}))); });
  auto bytes = fvecs({3, 3, 3});
  bytes[16] = std::byte{2};
  expect_error(ErrorCode::corrupt, "dimension of row 1 is 2", [&] { parse_fvecs(source_of(bytes)); });
  expect_error(ErrorCode::corrupt, "no multiple", [] { parse_fvecs(source_of(fvecs({3, 2}))); });
  const std::vector<std::byte> huge(8, std::byte{0x7f});
  expect_error(ErrorCode::corrupt, "dimension 2139062143", [&] { parse_fvecs(source_of(huge)); });
  expect_error(ErrorCode::corrupt, "made.file", [] { parse_fvecs(source_of(std::vector<std::byte>(3))); });
}

TEST(Vecs, EveryTruncationIsRefused) {
  const auto bytes = fvecs({3, 3, 3});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size % 16 == 0) continue;  // whole rows are a smaller file of the same form
    expect_error(ErrorCode::corrupt, "made.file", [&] {
      parse_fvecs(source_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
    });
  }
}

}  // namespace
}  // namespace rattan::datasets
