#include "index/graph_sections.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

// `count` ids that fill the section.
std::vector<KeyId> read_ids(ByteReader reader, std::uint64_t count, std::size_t keys, std::string_view what) {
  std::vector<KeyId> ids = reader.array<KeyId>(count, what);
  reader.expect_end();
  const auto bad = std::find_if(ids.begin(), ids.end(), [&](KeyId id) { return id >= keys; });
  if (bad != ids.end()) {
    fail(ErrorCode::corrupt, reader.name(), ": ", what, " ", bad - ids.begin(), " is key ", *bad, ", allowed is below ",
         keys);
  }
  return ids;
}

std::vector<std::uint32_t> read_degrees(ByteReader reader, std::size_t rows, std::uint32_t stride) {
  std::vector<std::uint32_t> degrees = reader.array<std::uint32_t>(rows, "degree");
  reader.expect_end();
  const auto highest = std::max_element(degrees.begin(), degrees.end());
  if (highest != degrees.end() && *highest > stride) {
    fail(ErrorCode::corrupt, reader.name(), ": key ", highest - degrees.begin(), " has degree ", *highest,
         ", allowed is 0 to ", stride);
  }
  return degrees;
}

}  // namespace

void add_graph(ContainerWriter& writer, const Graph& graph) {
  ByteWriter shape;
  shape.u32(graph.stride());
  ByteWriter degrees;
  ByteWriter edges;
  for (std::size_t key = 0; key < graph.keys(); ++key) {
    const auto neighbors = graph.neighbors(static_cast<KeyId>(key));
    degrees.u32(static_cast<std::uint32_t>(neighbors.size()));
    edges.array(neighbors);
  }
  ByteWriter entries;
  entries.array(graph.entry_points);
  writer.add("shape", shape.take());
  writer.add("degrees", degrees.take());
  writer.add("edges", edges.take());
  writer.add("entry_points", entries.take());
}

Graph read_graph(const Container& container, std::size_t rows, std::uint32_t max_stride) {
  ByteReader shape = container.section("shape");
  const auto stride = shape.number_in<std::uint32_t>("stride", 1, max_stride);
  shape.expect_end();
  const std::vector<std::uint32_t> degrees = read_degrees(container.section("degrees"), rows, stride);
  std::uint64_t total = 0;
  for (const std::uint32_t degree : degrees) total += degree;
  const std::vector<KeyId> edges = read_ids(container.section("edges"), total, rows, "edge");

  Graph graph(rows, stride);
  auto next = edges.begin();
  for (std::size_t key = 0; key < rows; ++key) {
    std::copy_n(next, degrees[key], graph.slots(static_cast<KeyId>(key)).begin());
    next += degrees[key];
  }
  ByteReader entries = container.section("entry_points");
  graph.entry_points = read_ids(entries, entries.remaining() / sizeof(KeyId), rows, "entry point");
  return graph;
}

}  // namespace rattan
