// The mask of an attention node: which cells of the cache each row sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rattan::llama {

// A mask [streams][rows][cells] of fp16 or fp32 numbers that are added to logits.
struct MaskRows {
  const std::byte* data = nullptr;
  bool half = true;              // fp16, else fp32
  std::size_t cells = 0;         // of a row
  std::size_t rows = 0;          // of a stream
  std::size_t row_bytes = 0;     // from one row to the next
  std::size_t stream_bytes = 0;  // from one stream to the next
  std::size_t streams = 1;

  const std::byte* row(std::size_t token) const noexcept {
    return data + token / rows * stream_bytes + token % rows * row_bytes;
  }
};

// One row as flags. plain: every number is 0 (seen) or -infinity (not seen), nothing is added.
struct VisibleCells {
  std::vector<std::uint8_t> seen;
  std::size_t count = 0;
  bool plain = false;
};

// Reads the row of `token`; buffers of `to` are used again.
void read_visible(const MaskRows& mask, std::size_t token, VisibleCells& to);

}  // namespace rattan::llama
