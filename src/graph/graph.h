// Key-to-key adjacency with entry points; immutable once built. Everything a walk needs besides the keys.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rattan/types.h"

namespace rattan {

struct Graph {
  // Edges of key v: edges[offsets[v]] .. edges[offsets[v + 1]), strongest first. offsets has keys() + 1 entries, or
  // none for an empty graph.
  std::vector<std::uint32_t> offsets;
  std::vector<KeyId> edges;
  std::vector<KeyId> entry_points;

  std::size_t keys() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }

  std::span<const KeyId> neighbors(KeyId key) const noexcept {
    return {edges.data() + offsets[key], offsets[key + 1] - offsets[key]};
  }

  friend bool operator==(const Graph&, const Graph&) = default;
};

}  // namespace rattan
