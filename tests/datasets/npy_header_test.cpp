#include "datasets/npy_header.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

using test::expect_error;

TEST(NpyHeader, ReadsWhatNumPyWrites) {
  const NpyHeader header =
      parse_npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n", "f");
  EXPECT_EQ(header.descr, "<f4");
  EXPECT_FALSE(header.fortran_order);
  EXPECT_EQ(header.shape, (std::vector<std::uint64_t>{3, 4}));
}

TEST(NpyHeader, OrderQuotesAndSpacesAreFree) {
  const NpyHeader header = parse_npy_header("{ \"shape\":(5L ,),'fortran_order':True,\n\"descr\":'<u2'}", "f");
  EXPECT_EQ(header.descr, "<u2");
  EXPECT_TRUE(header.fortran_order);
  EXPECT_EQ(header.shape, (std::vector<std::uint64_t>{5}));
  EXPECT_TRUE(parse_npy_header("{'descr':'<f4','fortran_order':False,'shape':()}", "f").shape.empty());
  EXPECT_EQ(parse_npy_header("{'descr':'<f4','fortran_order':False,'shape':(1,2,3)}", "f").shape.size(), 3U);
  EXPECT_EQ(parse_npy_header("{'shape': (2,), 'descr': [('a', '<f4')], 'fortran_order': False}", "f").descr, "[");
}

TEST(NpyHeader, RefusesEverythingElse) {
  const char* const bad[] = {
      "",
      "{",
      "{}",
      "[]",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'shape': (3, 4)}",
      "{'fortran_order': False, 'shape': (3, 4)}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)",
      "{'descr': '<f4', 'fortran_order': false, 'shape': (3, 4)}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': [3, 4]}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3.0, 4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 4)}",
      "{'descr': '<f4, 'fortran_order': False, 'shape': (3, 4)}",
      "{'descr' '<f4', 'fortran_order': False, 'shape': (3, 4)}",
      "{descr: '<f4', 'fortran_order': False, 'shape': (3, 4)}",
      "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3, 4)}",
  };
  for (const char* text : bad) expect_error(ErrorCode::corrupt, "f: header", [&] { parse_npy_header(text, "f"); });
}

TEST(NpyHeader, DimensionsAreCapped) {
  std::string many = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 33; ++i) many += "1,";
  expect_error(ErrorCode::corrupt, "32 dimensions", [&] { parse_npy_header(many + ")}", "f"); });
}

}  // namespace
}  // namespace rattan::datasets
