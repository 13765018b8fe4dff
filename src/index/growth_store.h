// Where codes and edges of keys that grew behind a base lie, and how they become visible.
//
// Everything lies in reserved arrays that never move. One number publishes it: `segments`, stored by the sealer once a
// segment's codes, edges and entry points are whole. A reader loads it and touches nothing behind.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/reserved.h"
#include "graph/graph.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "scan/key_codes.h"

namespace rattan {

// What one grown row takes besides its key.
struct GrowthLayout {
  const KeyCodes* codes = nullptr;  // of the base, whose layout and ranges are taken over; null: no codes
  std::uint32_t stride = 0;         // edge slots; 0: no edges
};

class GrowthStore {
 public:
  // Rows count from 0 here, whatever ids they have outside.
  GrowthStore(std::size_t capacity, const GrowthLayout& layout);

  // What a reader may touch: rows [0, sealed) of codes and edges.
  struct View {
    std::size_t sealed = 0;
    std::size_t entry_points = 0;
  };
  View view() const noexcept;

  std::size_t capacity() const noexcept { return capacity_; }
  const std::byte* codes() const noexcept { return codes_.data(); }
  std::span<const KeyId> slots(std::size_t rows) const noexcept { return {edges_.data(), rows * layout_.stride}; }
  std::span<const KeyId> entry_points(std::size_t count) const noexcept { return {entry_points_.data(), count}; }
  MemoryUse memory() const;
  std::size_t sealed_bytes() const noexcept;  // the same in all, without allocating
  // What a segment of so many rows and entry points adds to it.
  std::size_t segment_bytes(std::size_t rows, std::size_t entry_points) const noexcept;

  // Rows from `rows` on are gone; a segment that is cut is no segment any more. Beside nothing.
  void truncate(std::size_t rows) noexcept;

  // The sealer: the next rows become a segment. `graph` is over these keys; its ids plus `first_id` are those of the
  // grown edges. Null: none.
  void seal(const MatrixView& keys, const Graph* graph, KeyId first_id, Executor& executor);

 private:
  struct Segment {
    std::size_t end;           // rows of it and of all before
    std::size_t entry_points;  // likewise
  };

  std::size_t capacity_;
  GrowthLayout layout_;
  ReservedArray<std::byte> codes_;
  ReservedArray<KeyId> edges_;
  ReservedArray<KeyId> entry_points_;
  ReservedArray<Segment> segments_;
  std::atomic<std::size_t> segment_count_{0};
};

}  // namespace rattan
