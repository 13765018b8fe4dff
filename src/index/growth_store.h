// Codes and edges of keys that grew behind a base, segment by segment. A copy shares them with the original: what
// either seals or truncates afterwards is its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "graph/graph.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "scan/key_codes.h"

namespace rattan {

// What one grown row takes besides its key.
struct GrowthLayout {
  const KeyCodes* codes = nullptr;  // of the base, whose layout is taken over; null: no codes
  std::uint32_t stride = 0;         // edge slots; 0: no edges
};

class GrowthStore {
 public:
  // Rows count from 0 here, whatever ids they have outside.
  explicit GrowthStore(const GrowthLayout& layout);

  struct View {
    std::size_t sealed = 0;
    std::size_t entry_points = 0;
    std::span<const CodePart> code_parts;  // by segment, where there are codes
  };
  View view() const noexcept;

  const std::byte* codes() const noexcept { return grown_->codes.data(); }
  std::span<const KeyId> slots(std::size_t rows) const noexcept {
    return {grown_->edges.data(), rows * layout_.stride};
  }
  std::span<const KeyId> entry_points(std::size_t count) const noexcept { return {grown_->entry_points.data(), count}; }
  MemoryUse memory() const;
  std::size_t sealed_bytes() const noexcept;  // the same in all, without allocating
  std::vector<std::size_t> segment_ends() const;
  // What a segment of so many rows and entry points adds to it, at most: as if it had all outliers that it may have.
  std::size_t segment_bytes(std::size_t rows, std::size_t entry_points) const noexcept;

  // Rows from `rows` on are gone; a segment that is cut is no segment any more.
  void truncate(std::size_t rows);

  // The next rows become a segment; where it throws nothing has changed. `graph` is over these keys; its ids plus
  // `first_id` are those of the grown edges. Null: none.
  void seal(const MatrixView& keys, const Graph* graph, KeyId first_id, Executor& executor);

 private:
  struct Segment {
    std::size_t end;           // rows of it and of all before
    std::size_t entry_points;  // likewise
  };
  struct Grown {
    AlignedVector<std::byte> codes;
    std::vector<CodePart> code_parts;  // by segment, where there are codes
    AlignedVector<KeyId> edges;
    std::vector<KeyId> entry_points;
    std::vector<Segment> segments;
  };

  std::size_t row_bytes(std::size_t rows, std::size_t entry_points) const noexcept;

  GrowthLayout layout_;
  std::shared_ptr<const Grown> grown_;
};

}  // namespace rattan
