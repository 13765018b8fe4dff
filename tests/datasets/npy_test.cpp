#include "datasets/npy.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::npy_bytes;
using test::source_of;

std::string header(std::string_view descr, std::string_view shape, std::string_view fortran = "False") {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(fortran) +
         ", 'shape': " + std::string(shape) + ", }\n";
}

TEST(Npy, AllVersionsAndDtypes) {
  for (const unsigned major : {1U, 2U, 3U}) {
    const NpyMatrix f32 = parse_npy(source_of(npy_bytes(header("<f4", "(2, 3)"), 24, major)));
    EXPECT_EQ(f32.matrix.view.dtype, DType::f32);
    EXPECT_EQ(f32.matrix.view.rows, 2U);
    EXPECT_EQ(f32.matrix.view.cols, 3U);
    EXPECT_EQ(f32.matrix.view.row_stride, 3U);
    EXPECT_FALSE(f32.u2_as_bf16);
    EXPECT_EQ(static_cast<const std::byte*>(f32.matrix.view.row(1))[0], std::byte{12});
  }
  EXPECT_EQ(parse_npy(source_of(npy_bytes(header("<f2", "(2, 3)"), 12))).matrix.view.dtype, DType::f16);
  const NpyMatrix bf16 = parse_npy(source_of(npy_bytes(header("<u2", "(2, 3)"), 12)));
  EXPECT_EQ(bf16.matrix.view.dtype, DType::bf16);
  EXPECT_TRUE(bf16.u2_as_bf16);
}

TEST(Npy, DataAtOddAddressesIsNormal) {
  std::string odd = header("<f4", "(1, 2)");
  for (int pad = 0; pad < 4; ++pad, odd += ' ') {
    const NpyMatrix read = parse_npy(source_of(npy_bytes(odd, 8)));
    EXPECT_EQ(test::row_values(read.matrix.view, 0).size(), 2U);
  }
}

TEST(Npy, NoRowsAreAnEmptyMatrix) {
  EXPECT_EQ(parse_npy(source_of(npy_bytes(header("<f4", "(0, 4)"), 0))).matrix.view.rows, 0U);
}

// FAULTS B1.
TEST(Npy, B1_HeaderLengthsAndShapesThatLie) {
  ByteWriter out;
  out.text("\x93NUMPY");
  out.u8(2);
  out.u8(0);
  out.u32(0xfffffff0);
  expect_error(ErrorCode::corrupt, "header length is 4294967280", [&] { parse_npy(source_of(out.take())); });
  for (const char* shape : {"(2, 4)", "(2, 2)", "(0, 3)", "(4611686018427387904, 4)", "(4294967296, 4294967296)",
                            "(18446744073709551615, 18446744073709551615)", "(2305843009213693952, 2)"}) {
    expect_error(ErrorCode::corrupt, "shape", [&] { parse_npy(source_of(npy_bytes(header("<f4", shape), 24))); });
  }
  expect_error(ErrorCode::corrupt, "0 columns", [] { parse_npy(source_of(npy_bytes(header("<f4", "(9, 0)"), 0))); });
  const auto good = npy_bytes(header("<f4", "(2, 3)"), 24);
  for (std::size_t size = 0; size < good.size(); ++size) {
    expect_error(ErrorCode::corrupt, "made.file", [&] {
      parse_npy(source_of({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
    });
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  expect_error(ErrorCode::corrupt, "holds 25", [&] { parse_npy(source_of(longer)); });
}

// FAULTS B2, B3.
TEST(Npy, B2_B3_ObjectsForeignOrdersAndOtherDtypesAreNamed) {
  const auto refuse = [](std::string_view part, const std::string& text, std::size_t size) {
    expect_error(ErrorCode::unsupported, part, [&] { parse_npy(source_of(npy_bytes(text, size))); });
  };
  refuse("pickled", header("|O", "(2, 3)"), 24);
  refuse("big-endian", header(">f4", "(2, 3)"), 24);
  refuse("Fortran", header("<f4", "(2, 3)", "True"), 24);
  refuse("'<f8'", header("<f8", "(2, 3)"), 48);
  refuse("'|V2'", header("|V2", "(2, 3)"), 12);
  refuse("1 dimensions", header("<f4", "(6,)"), 24);
  refuse("3 dimensions", header("<f4", "(1, 2, 3)"), 24);
  refuse("structured", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }\n", 24);
  expect_error(ErrorCode::unsupported, "version 4.0",
               [] { parse_npy(source_of(npy_bytes(header("<f4", "(2, 3)"), 24, 4))); });
  expect_error(ErrorCode::corrupt, "magic", [] { parse_npy(source_of("NUMPY is not here, only some text")); });
}

TEST(Npy, FilesByBothAccesses) {
  const test::TempDirectory directory;
  const auto bytes = npy_bytes(header("<f4", "(2, 3)"), 24);
  test::write_file(directory / "a.npy", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const Access access : {Access::copy, Access::map}) {
    EXPECT_EQ(read_npy(directory / "a.npy", access).matrix.view.rows, 2U);
  }
  expect_error(ErrorCode::not_found, "b.npy", [&] { read_npy(directory / "b.npy"); });
}

}  // namespace
}  // namespace rattan::datasets
