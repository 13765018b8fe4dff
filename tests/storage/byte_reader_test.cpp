#include "storage/byte_reader.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/errors.h"

namespace rattan {
namespace {

using test::expect_error;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(ByteReader, ReadsLittleEndianNumbersAtOddAddresses) {
  const auto bytes = bytes_of({0xff, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0x80, 0x3f});
  ByteReader in(bytes);
  EXPECT_EQ(in.u8("a"), 0xff);
  EXPECT_EQ(in.u16("b"), 0x1234);
  EXPECT_EQ(in.u32("c"), 0x12345678U);
  EXPECT_EQ(in.u64("d"), 0x0102030405060708ULL);
  EXPECT_EQ(in.f32("e"), 1.0F);
  EXPECT_EQ(in.remaining(), 0U);
  in.expect_end();
}

TEST(ByteReader, EveryReadPastTheEndNamesFileQuantityAndOffset) {
  const auto bytes = bytes_of({1, 2, 3});
  ByteReader in(bytes, "file.bin", 100);
  in.u8("first");
  expect_error(ErrorCode::corrupt, "file.bin: degree at offset 101 needs 4 bytes, 2 are left",
               [&] { in.u32("degree"); });
  expect_error(ErrorCode::corrupt, "degree", [&] { in.u64("degree"); });
  expect_error(ErrorCode::corrupt, "label", [&] { in.text(3, "label"); });
  expect_error(ErrorCode::corrupt, "padding", [&] { in.zeros(3, "padding"); });
  EXPECT_EQ(in.remaining(), 2U) << "a failed read takes nothing";
  EXPECT_EQ(in.u16("rest"), 0x0302);
}

// FAULTS A2, A3: counts are multiplied with overflow checks and compared with the file before any allocation.
TEST(ByteReader, A3_HugeCountsAreRefusedBeforeAllocation) {
  const auto bytes = bytes_of({1, 2, 3, 4, 5, 6, 7, 8});
  for (const std::uint64_t count : {std::uint64_t{3}, std::uint64_t{1} << 32, std::uint64_t{1} << 62,
                                    (std::uint64_t{1} << 62) + 1, std::numeric_limits<std::uint64_t>::max()}) {
    ByteReader in(bytes);
    expect_error(ErrorCode::corrupt, "ids", [&] { in.array<std::uint32_t>(count, "ids"); });
    EXPECT_EQ(in.remaining(), 8U);
  }
  ByteReader in(bytes);
  EXPECT_EQ(in.array<std::uint32_t>(2, "ids"), (std::vector<std::uint32_t>{0x04030201, 0x08070605}));
  EXPECT_TRUE(in.array<double>(0, "none").empty());
}

TEST(ByteReader, RangesAreInclusive) {
  const auto bytes = bytes_of({0, 1, 2, 3});
  ByteReader in(bytes);
  expect_error(ErrorCode::corrupt, "flag before offset 1 is 0, allowed is 1 to 2",
               [&] { in.number_in<std::uint8_t>("flag", 1, 2); });
  EXPECT_EQ(in.number_in<std::uint8_t>("flag", 1, 2), 1);
  EXPECT_EQ(in.number_in<std::uint8_t>("flag", 1, 2), 2);
  expect_error(ErrorCode::corrupt, "flag", [&] { in.number_in<std::uint8_t>("flag", 1, 2); });
}

TEST(ByteReader, PaddedTextEndsAtTheFirstNulAndHidesNothingBehindIt) {
  const auto good = bytes_of({'a', 'b', 0, 0});
  EXPECT_EQ(ByteReader(good).padded_text(4, "name"), "ab");
  const auto full = bytes_of({'a', 'b', 'c', 'd'});
  EXPECT_EQ(ByteReader(full).padded_text(4, "name"), "abcd");
  const auto hidden = bytes_of({'a', 0, 'x', 0});
  expect_error(ErrorCode::corrupt, "name", [&] { ByteReader(hidden).padded_text(4, "name"); });
}

TEST(ByteReader, PaddingMustBeZeroAndTheEndMustBeTheEnd) {
  const auto bytes = bytes_of({0, 0, 1, 0});
  ByteReader in(bytes, "f");
  in.zeros(2, "padding");
  expect_error(ErrorCode::corrupt, "padding at offset 2 is not zero", [&] { in.zeros(1, "padding"); });
  expect_error(ErrorCode::corrupt, "f: 1 bytes too many from offset 3", [&] { in.expect_end(); });
}

TEST(ByteReader, AnEmptySpanHoldsNothing) {
  ByteReader in({});
  in.expect_end();
  EXPECT_EQ(in.text(0, "none"), "");
  expect_error(ErrorCode::corrupt, "one", [&] { in.u8("one"); });
}

}  // namespace
}  // namespace rattan
