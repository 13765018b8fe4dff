// A container: as it comes, and with magic, total size and checksums made right for what it says (FAULTS A1-A15, R1,
// R7).
#include "storage/container.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

constexpr std::size_t table_at = 56;
constexpr std::size_t entry_size = 32;

template <typename T>
T number_at(const Bytes& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put(Bytes& bytes, std::size_t at, std::uint64_t value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

// Follows the section table as far as it leads.
Bytes repaired(Bytes bytes) {
  if (bytes.size() < table_at + 8) return bytes;
  const std::string_view magic = "RATTANIX";
  std::memcpy(bytes.data(), magic.data(), magic.size());
  put(bytes, 40, bytes.size());
  const std::size_t sections = std::min<std::size_t>(number_at<std::uint32_t>(bytes, 48), max_container_sections);
  const std::size_t head = table_at + entry_size * sections;
  if (bytes.size() < head + 8) return bytes;
  std::uint64_t at = head + 8;
  for (std::size_t s = 0; s < sections; ++s) {
    at = (at + 63) / 64 * 64;
    const auto length = number_at<std::uint64_t>(bytes, table_at + entry_size * s + 16);
    if (at > bytes.size() || length > bytes.size() - at) break;
    const auto content = std::span(bytes).subspan(at, length);
    put(bytes, table_at + entry_size * s + 24, checksum(content, number_at<std::uint64_t>(bytes, 32) + s));
    at += length;
  }
  put(bytes, head, checksum(std::span(bytes).first(head)));
  return bytes;
}

void read(Bytes bytes) {
  constexpr const char* names[] = {"first", "second", "identity", "a"};
  accepted([&] {
    const Container container = Container::parse(std::move(bytes));
    for (const char* name : names) {
      if (!container.has(name)) continue;
      ByteReader reader = container.section(name);
      touch(reader.take(reader.remaining(), "content"));
      reader.expect_end();
    }
  });
}

}  // namespace

void run(std::span<const std::byte> input) {
  const Bytes bytes(input.begin(), input.end());
  read(bytes);
  read(repaired(bytes));
}

std::vector<Bytes> seeds() {
  ContainerWriter two("graph");
  two.add("first", Bytes(10, std::byte{5}));
  two.add("second", Bytes(70, std::byte{6}));
  ContainerWriter three("a");
  for (const char* name : {"identity", "a", "second"}) three.add(name, {});
  return {two.bytes(), three.bytes(), ContainerWriter("flat").bytes()};
}

}  // namespace rattan::fuzz
