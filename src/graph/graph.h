// Key-to-key adjacency with entry points; immutable once built. Everything a walk needs besides the keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "rattan/types.h"

namespace rattan {

// The used ones of a key's slots, strongest first.
inline std::span<const KeyId> filled(std::span<const KeyId> slots) noexcept {
  // Counted without a branch: degrees are no predictor's guess.
  return slots.first(slots.size() - static_cast<std::size_t>(std::count(slots.begin(), slots.end(), no_key)));
}

// Every key owns `stride` slots, filled from the front, unused ones hold no_key. At the default degree of 16 a key's
// edges are one cache line at a known address: a walk takes one miss per expanded key, not two.
class Graph {
 public:
  Graph() = default;
  // `keys` keys without edges.
  Graph(std::size_t keys, std::uint32_t stride) : keys_(keys), stride_(stride), edges_(keys * stride, no_key) {}
  // edges[key] are the key's edges, strongest first; stride is the longest list (at least 1).
  explicit Graph(std::span<const std::vector<KeyId>> edges);

  std::size_t keys() const noexcept { return keys_; }
  std::uint32_t stride() const noexcept { return stride_; }
  std::size_t edge_bytes() const noexcept { return edges_.size() * sizeof(KeyId); }

  // All slots of `key`, with the unused ones.
  std::span<KeyId> slots(KeyId key) noexcept { return {edges_.data() + std::size_t{key} * stride_, stride_}; }
  std::span<const KeyId> slots(KeyId key) const noexcept {
    return {edges_.data() + std::size_t{key} * stride_, stride_};
  }

  // Strongest first.
  std::span<const KeyId> neighbors(KeyId key) const noexcept { return filled(slots(key)); }

  std::vector<KeyId> entry_points;

  friend bool operator==(const Graph&, const Graph&) = default;

 private:
  std::size_t keys_ = 0;
  std::uint32_t stride_ = 0;
  AlignedVector<KeyId> edges_;
};

}  // namespace rattan
