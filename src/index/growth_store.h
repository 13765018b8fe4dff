// Where keys that grow behind a base lie with their codes and edges, and how they become visible.
//
// Everything lies in reserved arrays that never move. Two numbers publish it: `rows`, stored by the writer once the
// rows are whole, and `segments`, stored by the sealer once a segment's codes, edges and entry points are. A reader
// loads the segments first and the rows after them, so that no segment reaches past its rows, and touches nothing
// behind either.
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
  // keys_like: dtype and cols of the keys. Rows count from 0 here, whatever ids they have outside.
  GrowthStore(std::size_t capacity, const MatrixView& keys_like, const GrowthLayout& layout);

  // What a reader may touch: rows [0, rows) of keys(), and of those [0, sealed) of codes and edges.
  struct View {
    std::size_t rows = 0;
    std::size_t sealed = 0;
    std::size_t entry_points = 0;
  };
  View view() const noexcept;

  std::size_t capacity() const noexcept { return capacity_; }
  MatrixView keys(std::size_t rows) const noexcept { return {keys_.data(), dtype_, rows, cols_}; }
  const std::byte* codes() const noexcept { return codes_.data(); }
  std::span<const KeyId> slots(std::size_t rows) const noexcept { return {edges_.data(), rows * layout_.stride}; }
  std::span<const KeyId> entry_points(std::size_t count) const noexcept { return {entry_points_.data(), count}; }
  MemoryUse memory() const;
  std::size_t sealed_bytes() const noexcept;  // of memory(), what is not keys
  // What a segment of so many rows and entry points adds to it.
  std::size_t segment_bytes(std::size_t rows, std::size_t entry_points) const noexcept;

  // The writer. keys fit: they are of this store's dtype and cols, and there is room.
  void append(const MatrixView& keys) noexcept;
  // Rows from `rows` on are gone; a segment that is cut is no segment any more. Beside nothing.
  void truncate(std::size_t rows) noexcept;

  // The sealer: rows [view().sealed, end) become a segment, end <= view().rows. `graph` is over these rows; its ids
  // plus `first_id` are those of the grown edges. Null: none.
  void seal(std::size_t end, const Graph* graph, KeyId first_id, Executor& executor);

 private:
  struct Segment {
    std::size_t end;           // rows of it and of all before
    std::size_t entry_points;  // likewise
  };

  std::size_t capacity_;
  DType dtype_;
  std::size_t cols_;
  GrowthLayout layout_;
  ReservedArray<std::byte> keys_;
  ReservedArray<std::byte> codes_;
  ReservedArray<KeyId> edges_;
  ReservedArray<KeyId> entry_points_;
  ReservedArray<Segment> segments_;
  std::atomic<std::size_t> rows_{0};
  std::atomic<std::size_t> segment_count_{0};
};

}  // namespace rattan
