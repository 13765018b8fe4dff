// How the rows of a search are cut into chunks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sample_rank.h"

namespace rattan::cuda {

// Where chunks of at most `most` rows begin, and the end. count(row), falling, is what a row sees. A chunk has one
// sample: its last row sees at least half as much as its first, or it would have too few maxima for a threshold.
template <typename Count>
std::vector<std::size_t> chunk_begins(std::size_t rows, std::size_t most, std::uint32_t capacity, const Count& count) {
  std::vector<std::size_t> begins{0};
  while (begins.back() < rows) {
    const std::size_t first = begins.back();
    std::size_t end = std::min(rows, first + most);
    const std::uint32_t seen = count(first);
    if (!keeps_all(seen, capacity)) {
      std::size_t low = first + 1;
      while (low < end) {
        const std::size_t middle = low + (end - low) / 2;
        if (count(middle) >= seen / 2) {
          low = middle + 1;
        } else {
          end = middle;
        }
      }
    }
    begins.push_back(end);
  }
  return begins;
}

}  // namespace rattan::cuda
