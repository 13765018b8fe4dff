#include "storage/container.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan {
namespace {

using test::expect_error;

std::vector<std::byte> content(std::size_t size, unsigned start) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(start + 37 * i);
  return bytes;
}

// Layouts with other borders: no section, empty ones, lengths around the alignment.
ContainerWriter layout(int number) {
  ContainerWriter out(number % 2 == 0 ? "graph" : "sixteen_letters_");
  const std::vector<std::vector<std::size_t>> sizes{{},      {0},        {1},   {64, 0, 65},
                                                    {63, 1}, {0, 0, 17}, {200}, {5, 6, 7, 8}};
  const auto& own = sizes.at(static_cast<std::size_t>(number));
  for (std::size_t s = 0; s < own.size(); ++s) out.add("section" + std::to_string(s), content(own[s], 11));
  return out;
}
constexpr int layouts = 8;

void expect_refused(std::vector<std::byte> bytes, const std::string& what) {
  try {
    Container::parse(std::move(bytes));
    ADD_FAILURE() << what << " was accepted";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::version) << what << error.what();
  }
}

TEST(Container, HoldsWhatWasAdded) {
  for (int number = 0; number < layouts; ++number) {
    const ContainerWriter out = layout(number);
    const Container container = Container::parse(out.bytes());
    EXPECT_EQ(container.kind(), number % 2 == 0 ? "graph" : "sixteen_letters_");
    EXPECT_FALSE(container.has("other"));
    for (int s = 0; container.has("section" + std::to_string(s)); ++s) {
      ByteReader in = container.section("section" + std::to_string(s));
      EXPECT_EQ(in.offset() % 64, 0U);
      const auto expected = content(in.remaining(), 11);
      EXPECT_EQ(in.array<std::uint8_t>(in.remaining(), "content"),
                ByteReader(expected).array<std::uint8_t>(expected.size(), "content"));
    }
  }
}

TEST(Container, SaveAndOpenGoThroughAFile) {
  const test::TempDirectory directory;
  const ContainerWriter out = layout(3);
  out.save(directory / "index");
  const Container opened = Container::open(directory / "index");
  EXPECT_EQ(opened.kind(), "sixteen_letters_");
  EXPECT_EQ(opened.name(), (directory / "index").string());
  EXPECT_EQ(opened.section("section2").remaining(), 65U);
  expect_error(ErrorCode::corrupt, "index: section edges is missing", [&] { opened.section("edges"); });
  expect_error(ErrorCode::not_found, "nothing", [&] { Container::open(directory / "nothing"); });
  const std::string bytes = test::read_file(directory / "index");
  EXPECT_EQ(bytes.size(), out.bytes().size());
}

TEST(Container, SectionsOutliveTheFirstCopy) {
  Container copy = Container::parse(layout(6).bytes());
  const Container second = copy;
  copy = Container::parse(layout(0).bytes());
  EXPECT_EQ(second.section("section0").remaining(), 200U);
  EXPECT_EQ(second.section("section0").u8("first"), 11);
}

TEST(Container, EqualInputGivesEqualBytesAndOtherInputAnotherId) {
  EXPECT_EQ(layout(7).bytes(), layout(7).bytes());
  ContainerWriter a("graph");
  ContainerWriter b("graph");
  a.add("x", content(8, 1));
  b.add("x", content(8, 2));
  const auto id = [](const ContainerWriter& out) {
    const auto bytes = out.bytes();
    return ByteReader(std::span(bytes).subspan(32)).u64("file id");
  };
  EXPECT_NE(id(a), id(b));
}

// Files of format version 1 must stay readable: this is one, byte for byte.
TEST(Container, TheBytesOfVersionOneAreFixed) {
  ContainerWriter out("graph");
  out.add("edges", content(3, 1));
  const auto bytes = out.bytes();
  ASSERT_EQ(bytes.size(), 131U);
  ByteReader in(bytes);
  EXPECT_EQ(in.text(8, "magic"), "RATTANIX");
  EXPECT_EQ(in.u32("version"), 1U);
  EXPECT_EQ(in.u32("endian"), 0x01020304U);
  EXPECT_EQ(in.padded_text(16, "kind"), "graph");
  EXPECT_EQ(in.u64("file id"), 15699242251074701101ULL);
  EXPECT_EQ(in.u64("total"), 131U);
  EXPECT_EQ(in.u32("sections"), 1U);
  EXPECT_EQ(in.u32("zero"), 0U);
  EXPECT_EQ(in.padded_text(16, "name"), "edges");
  EXPECT_EQ(in.u64("length"), 3U);
  EXPECT_EQ(in.u64("checksum"), 17879494674544216292ULL);
  EXPECT_EQ(in.u64("header checksum"), 970591703520322543ULL);
  in.zeros(32, "padding");
  EXPECT_EQ(in.remaining(), 3U);
}

// FAULTS A15.
TEST(Container, A15_EverySingleBitFlipIsRefused) {
  for (int number = 0; number < layouts; ++number) {
    const auto clean = layout(number).bytes();
    for (std::size_t bit = 0; bit < 8 * clean.size(); ++bit) {
      auto bytes = clean;
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      expect_refused(std::move(bytes), "layout " + std::to_string(number) + ", bit " + std::to_string(bit));
    }
  }
}

// FAULTS A4.
TEST(Container, A4_EveryTruncationAndEveryAppendedByteIsRefused) {
  for (int number = 0; number < layouts; ++number) {
    const auto clean = layout(number).bytes();
    for (std::size_t size = 0; size < clean.size(); ++size) {
      expect_refused({clean.begin(), clean.begin() + static_cast<std::ptrdiff_t>(size)},
                     "layout " + std::to_string(number) + " cut to " + std::to_string(size));
    }
    for (std::size_t more = 1; more <= 64; ++more) {
      for (const std::byte filler : {std::byte{0}, std::byte{0xa5}}) {
        auto bytes = clean;
        bytes.resize(clean.size() + more, filler);
        expect_refused(std::move(bytes),
                       "layout " + std::to_string(number) + " with " + std::to_string(more) + " more");
      }
    }
  }
}

// FAULTS A16: content is bound to its file and its place.
TEST(Container, A16_SwappedSectionsAreRefused) {
  ContainerWriter out("graph");
  out.add("a", content(64, 1));
  out.add("b", content(64, 9));
  auto bytes = out.bytes();
  const auto first = bytes.end() - 128;
  std::swap_ranges(first, first + 64, first + 64);
  expect_refused(bytes, "swapped contents");
}

TEST(ContainerWriter, NamesAndCountsAreChecked) {
  expect_error(ErrorCode::invalid_argument, "kind", [] { ContainerWriter(""); });
  expect_error(ErrorCode::invalid_argument, "seventeen_letters", [] { ContainerWriter("seventeen_letters"); });
  expect_error(ErrorCode::invalid_argument, "Graph", [] { ContainerWriter("Graph"); });
  ContainerWriter out("graph");
  out.add("edges", {});
  expect_error(ErrorCode::invalid_argument, "edges", [&] { out.add("edges", {}); });
  expect_error(ErrorCode::invalid_argument, "a b", [&] { out.add("a b", {}); });
  for (std::size_t s = 1; s < max_container_sections; ++s) out.add("s" + std::to_string(s), {});
  expect_error(ErrorCode::invalid_argument, "at most 64", [&] { out.add("more", {}); });
  EXPECT_TRUE(Container::parse(out.bytes()).has("s63"));
}

}  // namespace
}  // namespace rattan
