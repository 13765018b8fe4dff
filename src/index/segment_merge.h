// Which segments become one: as in a log-structured merge tree (O'Neil et al. 1996), so that few are left, and a key is
// put into a larger one only when as many have come behind it.
#pragma once

#include <cstddef>
#include <span>

namespace rattan {

// ends: where consecutive segments end, which begin at `begin`. Returns where the newest ones begin that should be one:
// four or more, each at most as large as all newer ones of them together; ends.back(), or `begin`, where none should.
inline std::size_t merge_begin(std::size_t begin, std::span<const std::size_t> ends) noexcept {
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
