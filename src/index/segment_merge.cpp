#include "index/segment_merge.h"

namespace rattan {

std::size_t merge_begin(std::size_t begin, std::span<const std::size_t> ends) noexcept {
  constexpr std::size_t fewest = 4;
  if (ends.empty()) return begin;
  const std::size_t end = ends.back();
  std::size_t merged = end;
  std::size_t count = 0;
  for (; count < ends.size(); ++count) {
    const std::size_t segment = ends.size() - 1 - count;
    const std::size_t first = segment == 0 ? begin : ends[segment - 1];
    if (count != 0 && merged - first > end - merged) break;
    merged = first;
  }
  return count < fewest ? end : merged;
}

}  // namespace rattan
