#include "index/graph_sections.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/byte_writer.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using Sections = std::map<std::string, std::vector<std::uint32_t>>;
using KeyLists = std::vector<std::vector<KeyId>>;

// A verified container of `sections`, with two odd bytes behind the one named `ragged`.
Container container_of(const Sections& sections, std::string_view ragged = "") {
  ContainerWriter writer("graph");
  for (const auto& [name, numbers] : sections) {
    ByteWriter out;
    out.array(numbers);
    if (name == ragged) out.u16(0);
    writer.add(name, out.take());
  }
  return Container::parse(writer.bytes(), "some/file");
}

// Four keys, 0 -> {1, 2}, 1 -> {3}, 3 -> {0}.
Sections sound() { return {{"degrees", {2, 1, 0, 1}}, {"edges", {1, 2, 3, 0}}}; }

void expect_corrupt(const Container& container, std::string_view part) {
  test::expect_error(ErrorCode::corrupt, part, [&] { read_edges(container, 4, 2); });
  test::expect_error(ErrorCode::corrupt, "some/file", [&] { read_edges(container, 4, 2); });
}

TEST(GraphSections, ReadBackWhatWasAdded) {
  for (const KeyLists& edges : {KeyLists{{1, 2}, {3}, {}, {0}}, KeyLists(5), KeyLists{{}}, KeyLists{}}) {
    const Graph graph{std::span<const std::vector<KeyId>>(edges)};
    ContainerWriter writer("graph");
    add_edges(writer, graph);
    EXPECT_EQ(read_edges(Container::parse(writer.bytes()), graph.keys(), graph.stride()), graph);
  }
}

TEST(GraphSections, TheStrideIsTheReadersChoice) {
  const Graph graph = read_edges(container_of(sound()), 4, 7);
  EXPECT_EQ(graph.stride(), 7U);
  EXPECT_EQ(graph.neighbors(0).size(), 2U);
  EXPECT_EQ(graph.neighbors(1)[0], 3U);
  EXPECT_TRUE(graph.neighbors(2).empty());
  EXPECT_TRUE(graph.entry_points.empty());
}

// FAULTS A1, A2, A5, A6, A13, A18: checksums are right, content is not.
TEST(GraphSections, LyingSectionsAreRefused) {
  struct Lie {
    const char* section;
    std::vector<std::uint32_t> content;
    const char* named;
  };
  const std::vector<Lie> lies = {
      {"edges", {1, 2, 4, 0}, "key 4, allowed is below 4"},
      {"edges", {no_key, 2, 3, 0}, "key 4294967295, allowed is below 4"},
      {"edges", {1, 2, 3}, "edges"},
      {"edges", {1, 2, 3, 0, 1}, "edges"},
      {"edges", {}, "edges"},
      {"degrees", {2, 1, 0}, "degrees"},
      {"degrees", {2, 1, 0, 1, 0}, "degrees"},
      {"degrees", {}, "degrees"},
      {"degrees", {2, 1, 0, 2}, "edges"},
      {"degrees", {2, 1, 0, 0}, "edges"},
      {"degrees", {3, 1, 0, 0}, "key 0 has degree 3, allowed is 0 to 2"},
      {"degrees", {2, no_key, 0, 0}, "key 1 has degree 4294967295"},
      {"degrees", {0x80000000U, 0x80000000U, 2, 2}, "degree 2147483648"},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(testing::Message() << lie.section << ": " << testing::PrintToString(lie.content));
    Sections sections = sound();
    sections[lie.section] = lie.content;
    expect_corrupt(container_of(sections), lie.named);
  }
}

TEST(GraphSections, MissingAndRaggedSectionsAreNamed) {
  for (const char* name : {"degrees", "edges"}) {
    Sections sections = sound();
    sections.erase(name);
    expect_corrupt(container_of(sections), name);
    expect_corrupt(container_of(sound(), name), name);
  }
}

TEST(GraphSections, AFileOverOtherKeysIsRefused) {
  test::expect_error(ErrorCode::corrupt, "degrees", [] { read_edges(container_of(sound()), 5, 2); });
  test::expect_error(ErrorCode::corrupt, "degrees", [] { read_edges(container_of(sound()), 0, 2); });
}

}  // namespace
}  // namespace rattan
