#include "storage/byte_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/errors.h"

namespace rattan {
namespace {

TEST(ByteWriter, WhatIsWrittenIsReadBack) {
  ByteWriter out;
  out.u8(200);
  out.u16(0xbeef);
  out.u32(0xdeadbeef);
  out.u64(std::numeric_limits<std::uint64_t>::max() - 1);
  out.f32(-0.1F);
  out.f64(1e300);
  out.number(std::int32_t{-5});
  out.array(std::vector<std::uint32_t>{1, 2, 3});
  out.padded_text("graph", 8);
  out.padded_text("", 2);
  out.padded_text("exactly", 7);
  out.zeros(3);
  out.text("end");

  ByteReader in(out.view());
  EXPECT_EQ(in.u8("a"), 200);
  EXPECT_EQ(in.u16("b"), 0xbeef);
  EXPECT_EQ(in.u32("c"), 0xdeadbeefU);
  EXPECT_EQ(in.u64("d"), std::numeric_limits<std::uint64_t>::max() - 1);
  EXPECT_EQ(in.f32("e"), -0.1F);
  EXPECT_EQ(in.f64("f"), 1e300);
  EXPECT_EQ(in.number<std::int32_t>("g"), -5);
  EXPECT_EQ(in.array<std::uint32_t>(3, "h"), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(in.padded_text(8, "i"), "graph");
  EXPECT_EQ(in.padded_text(2, "j"), "");
  EXPECT_EQ(in.padded_text(7, "k"), "exactly");
  in.zeros(3, "l");
  EXPECT_EQ(in.text(3, "m"), "end");
  in.expect_end();
}

TEST(ByteWriter, BytesAreLittleEndian) {
  ByteWriter out;
  out.u32(0x04030201);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out.view()[i], static_cast<std::byte>(i + 1));
}

TEST(ByteWriter, TextThatDoesNotFitIsRefused) {
  ByteWriter out;
  test::expect_error(ErrorCode::invalid_argument, "text of 7 bytes", [&] { out.padded_text("toolong", 6); });
  test::expect_error(ErrorCode::invalid_argument, "NUL", [&] { out.padded_text(std::string_view("a\0b", 3), 6); });
  EXPECT_EQ(out.size(), 0U);
}

TEST(ByteWriter, TakeLeavesItEmpty) {
  ByteWriter out;
  out.u16(7);
  EXPECT_EQ(out.take().size(), 2U);
  EXPECT_EQ(out.size(), 0U);
}

}  // namespace
}  // namespace rattan
