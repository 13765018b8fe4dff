// A container: as it comes, and with magic, total size and checksums made right for what it says (FAULTS A1-A15, R1,
// R7).
#include "storage/container.h"

#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

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
