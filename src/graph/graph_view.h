// What a walk sees of a graph: a Graph, and perhaps edges and entry points of keys that grew behind its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/graph.h"
#include "rattan/types.h"

namespace rattan {

// Borrows; copied by value.
class GraphView {
 public:
  GraphView(const Graph& graph) noexcept : GraphView(graph, {}, {}) {}
  // `grown_slots` holds stride slots per grown key, filled as a Graph's; ids in it and in the entry points are <
  // keys().
  GraphView(const Graph& base, std::span<const KeyId> grown_slots, std::span<const KeyId> grown_entry_points) noexcept
      : base_slots_(base.keys() == 0 ? nullptr : base.slots(0).data()),
        grown_slots_(grown_slots.data()),
        base_keys_(base.keys()),
        keys_(base.keys() + (base.stride() == 0 ? 0 : grown_slots.size() / base.stride())),
        stride_(base.stride()),
        base_entry_points_(base.entry_points),
        grown_entry_points_(grown_entry_points) {}

  std::size_t keys() const noexcept { return keys_; }
  std::uint32_t stride() const noexcept { return stride_; }
  std::span<const KeyId> base_entry_points() const noexcept { return base_entry_points_; }
  std::span<const KeyId> grown_entry_points() const noexcept { return grown_entry_points_; }

  std::span<const KeyId> slots(KeyId key) const noexcept {
    const KeyId* first = key < base_keys_ ? base_slots_ + std::size_t{key} * stride_
                                          : grown_slots_ + (std::size_t{key} - base_keys_) * stride_;
    return {first, stride_};
  }
  std::span<const KeyId> neighbors(KeyId key) const noexcept { return filled(slots(key)); }

 private:
  const KeyId* base_slots_;
  const KeyId* grown_slots_;
  std::size_t base_keys_;
  std::size_t keys_;
  std::uint32_t stride_;
  std::span<const KeyId> base_entry_points_;
  std::span<const KeyId> grown_entry_points_;
};

}  // namespace rattan
