#include "index/graph_sections.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

std::vector<std::uint32_t> read_degrees(ByteReader reader, std::size_t rows, std::uint32_t stride) {
  std::vector<std::uint32_t> degrees = reader.array<std::uint32_t>(rows, "degrees");
  reader.expect_end();
  const auto highest = std::max_element(degrees.begin(), degrees.end());
  if (highest != degrees.end() && *highest > stride) {
    fail(ErrorCode::corrupt, reader.name(), ": key ", highest - degrees.begin(), " has degree ", *highest,
         ", allowed is 0 to ", stride);
  }
  return degrees;
}

}  // namespace

void add_edges(ContainerWriter& writer, const Graph& graph) {
  ByteWriter degrees;
  ByteWriter edges;
  for (std::size_t key = 0; key < graph.keys(); ++key) {
    const auto neighbors = graph.neighbors(static_cast<KeyId>(key));
    degrees.u32(static_cast<std::uint32_t>(neighbors.size()));
    edges.array(neighbors);
  }
  writer.add("degrees", degrees.take());
  writer.add("edges", edges.take());
}

Graph read_edges(const Container& container, std::size_t rows, std::uint32_t stride) {
  const std::vector<std::uint32_t> degrees = read_degrees(container.section("degrees"), rows, stride);
  ByteReader edges = container.section("edges");
  Graph graph(rows, stride);
  for (std::size_t key = 0; key < rows; ++key) {
    const auto slots = graph.slots(static_cast<KeyId>(key));
    for (std::uint32_t i = 0; i < degrees[key]; ++i) {
      slots[i] = edges.u32("edges");
      if (slots[i] >= rows) {
        fail(ErrorCode::corrupt, edges.name(), ": edge to key ", slots[i], ", allowed is below ", rows);
      }
    }
  }
  edges.expect_end();
  return graph;
}

}  // namespace rattan
