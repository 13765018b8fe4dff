// What one search needs on the device, and how many query rows it takes at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "rattan/matrix.h"
#include "scan/visible_rows.h"

namespace rattan::cuda {

// What is copied is there three times: while one chunk's results are read and another's are on their way, the device
// has work.
inline constexpr std::size_t chunk_slots = 3;

inline std::uint32_t round_up(std::size_t value, std::uint32_t step) {
  return static_cast<std::uint32_t>((value + step - 1) / step * step);
}

// Sizes that do not change from chunk to chunk. Throws Error(no_memory) where the limit does not do.
struct Plan {
  Plan(std::size_t memory_limit, std::uint32_t multiprocessors, const MatrixView& queries, std::uint32_t k,
       const VisibleRows& visible);

  std::uint32_t k;
  std::uint32_t keys;
  std::uint32_t blocks;
  std::uint32_t capacity;
  std::size_t packed_row;
  std::size_t raw_row;
  std::uint32_t sample_rows = 0;
  std::uint32_t maxima_stride = 0;
  std::uint32_t chunk = 0;
};

}  // namespace rattan::cuda
