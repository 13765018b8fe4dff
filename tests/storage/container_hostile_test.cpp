// Files whose checksums are right and whose structure is not (FAULTS A1-A4, A8, A12, A13, R7).
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "core/random.h"
#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "storage/container.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using test::expect_error;

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

// A container written field by field, every field open to lies, every checksum right for what is written.
struct Forged {
  std::string magic = "RATTANIX";
  std::uint32_t version = 1;
  std::uint32_t endian = 0x01020304;
  std::string kind = "graph";
  std::uint64_t file_id = 77;
  std::uint64_t extra_total = 0;
  std::size_t trailing = 0;
  std::uint32_t sections = 2;
  std::uint32_t reserved = 0;
  std::vector<std::string> names{"first", "second"};
  std::vector<std::uint64_t> lengths{10, 20};

  std::vector<std::byte> bytes() const {
    ByteWriter body;
    const std::uint64_t head = 64 + 32 * names.size();
    std::vector<std::uint64_t> sums;
    const std::uint64_t real[] = {10, 20};
    for (std::size_t s = 0; s < 2; ++s) {
      body.zeros((64 - (head + body.size()) % 64) % 64);
      const std::vector<std::byte> content(real[s], std::byte{5});
      body.bytes(content);
      sums.push_back(checksum(content, file_id + s));
    }
    ByteWriter out;
    out.text(magic);
    out.u32(version);
    out.u32(endian);
    out.padded_text(kind, 16);
    out.u64(file_id);
    out.u64(head + body.size() + extra_total);
    out.u32(sections);
    out.u32(reserved);
    for (std::size_t s = 0; s < names.size(); ++s) {
      out.padded_text(names[s], 16);
      out.u64(lengths[s]);
      out.u64(sums[s % 2]);
    }
    out.u64(checksum(out.view()));
    out.bytes(body.view());
    out.zeros(trailing);
    return out.take();
  }
};

void expect_refused(ErrorCode code, std::string_view part, const std::function<void(Forged&)>& lie) {
  Forged forged;
  lie(forged);
  expect_error(code, part, [&] { Container::parse(forged.bytes(), "forged"); });
}

TEST(ContainerHostile, TheForgerWritesGoodFilesToo) {
  const Container container = Container::parse(Forged{}.bytes());
  EXPECT_EQ(container.section("second").remaining(), 20U);
}

// FAULTS A8.
TEST(ContainerHostile, A8_VersionEndianAndMagic) {
  expect_refused(ErrorCode::version, "format version is 2", [](Forged& f) { f.version = 2; });
  expect_refused(ErrorCode::version, "format version is 4294967295", [](Forged& f) { f.version = ~0U; });
  expect_refused(ErrorCode::corrupt, "version is 0", [](Forged& f) { f.version = 0; });
  expect_refused(ErrorCode::corrupt, "big-endian", [](Forged& f) { f.endian = 0x04030201; });
  expect_refused(ErrorCode::corrupt, "endian mark", [](Forged& f) { f.endian = 0; });
  expect_refused(ErrorCode::corrupt, "not a Rattan file", [](Forged& f) { f.magic = "RATTANIY"; });
}

// FAULTS A2, A3, A13.
TEST(ContainerHostile, A3_CountsAndLengthsThatLie) {
  for (const std::uint64_t length : {std::uint64_t{9}, std::uint64_t{11}, std::uint64_t{0}, std::uint64_t{138},
                                     std::uint64_t{1} << 40, huge - 63, huge}) {
    expect_refused(ErrorCode::corrupt, "forged", [&](Forged& f) { f.lengths[0] = length; });
    expect_refused(ErrorCode::corrupt, "forged", [&](Forged& f) { f.lengths[1] = length; });
  }
  for (const std::uint32_t count : {0U, 1U, 3U, 64U, 65U, 1U << 27, ~0U}) {
    expect_refused(ErrorCode::corrupt, "forged", [&](Forged& f) { f.sections = count; });
  }
  for (const std::uint64_t more : {std::uint64_t{1}, std::uint64_t{1} << 50, huge, huge - 200}) {
    expect_refused(ErrorCode::corrupt, "total size", [&](Forged& f) { f.extra_total = more; });
  }
}

TEST(ContainerHostile, BytesBehindTheLastSectionThatTheTotalSizeOwnsUpTo) {
  for (const std::size_t more : {1U, 54U, 64U, 4096U}) {
    expect_refused(ErrorCode::corrupt, "bytes too many", [&](Forged& f) { f.extra_total = f.trailing = more; });
  }
}

// FAULTS A17: a name is no path.
TEST(ContainerHostile, A17_FieldsThatShouldBeZeroAndNamesThatAreNone) {
  expect_refused(ErrorCode::corrupt, "reserved", [](Forged& f) { f.reserved = 1; });
  expect_refused(ErrorCode::corrupt, "there twice", [](Forged& f) { f.names[1] = "first"; });
  expect_refused(ErrorCode::corrupt, "section name", [](Forged& f) { f.names[0] = ""; });
  expect_refused(ErrorCode::corrupt, "section name", [](Forged& f) { f.names[0] = "../../x"; });
  expect_refused(ErrorCode::corrupt, "kind", [](Forged& f) { f.kind = "Kind"; });
  expect_refused(ErrorCode::corrupt, "kind", [](Forged& f) { f.kind = ""; });
}

// Any bytes in the head under a right header checksum: a refusal or a container whose sections lie inside the file.
TEST(ContainerHostile, RandomHeadsWithRepairedChecksumsAreSafe) {
  const auto clean = Forged{}.bytes();
  const std::size_t checksum_at = 56 + 64;
  std::size_t accepted = 0;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    auto bytes = clean;
    const std::uint64_t edits = 1 + random_below(1, 3 * round, 4);
    for (std::uint64_t e = 0; e < edits; ++e) {
      const auto at = static_cast<std::size_t>(random_below(2, 8 * round + e, checksum_at));
      bytes[at] = static_cast<std::byte>(random_bits(3, 8 * round + e));
    }
    ByteWriter sum;
    sum.u64(checksum(std::span(bytes).first(checksum_at)));
    std::copy(sum.view().begin(), sum.view().end(), bytes.begin() + static_cast<std::ptrdiff_t>(checksum_at));
    try {
      const Container container = Container::parse(std::move(bytes));
      ++accepted;
    } catch (const Error&) {
    }
  }
  EXPECT_LT(accepted, 2'000U);
}

}  // namespace
}  // namespace rattan
