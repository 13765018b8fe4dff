#include "graph/graph.h"

#include <algorithm>

namespace rattan {
namespace {

std::uint32_t longest(std::span<const std::vector<KeyId>> edges) {
  std::size_t length = 1;
  for (const auto& list : edges) length = std::max(length, list.size());
  return static_cast<std::uint32_t>(length);
}

}  // namespace

Graph::Graph(std::span<const std::vector<KeyId>> edges) : Graph(edges.size(), longest(edges)) {
  for (std::size_t key = 0; key < edges.size(); ++key) {
    std::copy(edges[key].begin(), edges[key].end(), slots(static_cast<KeyId>(key)).begin());
  }
}

}  // namespace rattan
