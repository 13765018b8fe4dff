#include "graph/fill.h"

#include <algorithm>
#include <span>
#include <vector>

#include "graph/near_keys.h"

namespace rattan {
namespace {

std::vector<KeyId> keys_with_free_slots(const Graph& graph) {
  std::vector<KeyId> keys;
  for (std::size_t i = 0; i < graph.keys(); ++i) {
    const auto key = static_cast<KeyId>(i);
    if (graph.neighbors(key).size() < graph.stride()) keys.push_back(key);
  }
  return keys;
}

void take_nearest(Graph& graph, KeyId key, std::span<const KeyId> nearest) {
  const auto slots = graph.slots(key);
  auto free = std::find(slots.begin(), slots.end(), no_key);
  for (const KeyId near : nearest) {
    if (free == slots.end()) break;
    if (std::find(slots.begin(), free, near) == free) *free++ = near;
  }
}

}  // namespace

void fill_with_nearest(Graph& graph, const KeyGeometry& geometry, std::uint64_t seed, Executor& executor) {
  NearKeysParams params;
  params.count = graph.stride();
  params.seed = seed;
  near_keys(keys_with_free_slots(graph), geometry, params, executor,
            [&graph](KeyId key, std::span<const KeyId> nearest) { take_nearest(graph, key, nearest); });
}

}  // namespace rattan
