#include "graph/audit.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace rattan {

std::uint32_t spread(const Graph& graph, std::vector<KeyId> fronts, std::vector<std::uint8_t>& reached) {
  std::erase_if(fronts, [&](KeyId key) { return std::exchange(reached[key], std::uint8_t{1}) != 0; });
  std::uint32_t rounds = 0;
  for (std::vector<KeyId> next; !fronts.empty(); std::swap(fronts, next), ++rounds) {
    next.clear();
    for (const KeyId key : fronts) {
      for (const KeyId neighbor : graph.neighbors(key)) {
        if (std::exchange(reached[neighbor], std::uint8_t{1}) == 0) next.push_back(neighbor);
      }
    }
  }
  return rounds;
}

std::vector<std::uint8_t> reachable_keys(const Graph& graph, std::uint32_t* depth) {
  std::vector<std::uint8_t> reached(graph.keys(), 0);
  const std::uint32_t rounds = spread(graph, graph.entry_points, reached);
  if (depth != nullptr) *depth = rounds == 0 ? 0 : rounds - 1;
  return reached;
}

GraphAudit audit(const Graph& graph) {
  GraphAudit result;
  result.keys = graph.keys();
  result.min_degree = graph.keys() == 0 ? 0 : std::numeric_limits<std::uint32_t>::max();
  for (std::size_t key = 0; key < graph.keys(); ++key) {
    const auto degree = static_cast<std::uint32_t>(graph.neighbors(static_cast<KeyId>(key)).size());
    result.edges += degree;
    result.min_degree = std::min(result.min_degree, degree);
    result.max_degree = std::max(result.max_degree, degree);
  }
  const auto reached = reachable_keys(graph, &result.depth);
  result.unreachable = static_cast<std::uint64_t>(std::count(reached.begin(), reached.end(), 0));
  return result;
}

}  // namespace rattan
