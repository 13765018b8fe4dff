#include "scan/visible_rows.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// The first key id that a query at `position` does not see; written so that no position overflows.
std::uint64_t causal_end(std::int64_t position, std::uint32_t recent) noexcept {
  if (position < static_cast<std::int64_t>(recent)) return 0;
  return static_cast<std::uint64_t>(position) - recent + 1;
}

// Counting, not comparing: a layer's prefill has half a million rows, and the device waits for their order.
void sort_by_count(VisibleRows& rows, std::size_t most) {
  constexpr std::size_t spread = 16;
  // With few rows the counters would cost more than they save; with more than they can count there are none.
  if (most > spread * rows.counts.size() || rows.counts.size() > ~std::uint32_t{0}) {
    std::iota(rows.order.begin(), rows.order.end(), std::size_t{0});
    std::stable_sort(rows.order.begin(), rows.order.end(),
                     [&](std::size_t a, std::size_t b) { return rows.counts[a] > rows.counts[b]; });
    return;
  }
  std::vector<std::uint32_t> places(most + 1, 0);
  for (const KeyId count : rows.counts) ++places[most - count];
  std::exclusive_scan(places.begin(), places.end(), places.begin(), 0U);
  for (std::size_t row = 0; row < rows.counts.size(); ++row) rows.order[places[most - rows.counts[row]]++] = row;
}

}  // namespace

VisibleRows visible_rows(const Visibility& visible, std::size_t rows, std::size_t keys, Executor& executor) {
  if (!visible.positions.empty() && visible.positions.size() != rows) {
    fail(ErrorCode::invalid_argument, "positions has ", visible.positions.size(), " entries, allowed is none or ", rows,
         " (one per query row)");
  }
  const std::uint64_t end = std::min<std::uint64_t>(visible.range.end, keys);
  const std::uint64_t begin = std::min<std::uint64_t>(visible.range.begin, end);

  VisibleRows result;
  result.begin = static_cast<KeyId>(begin);
  result.counts.assign(rows, static_cast<KeyId>(end - begin));
  result.order.resize(rows);
  if (visible.positions.empty()) {
    std::iota(result.order.begin(), result.order.end(), std::size_t{0});
    return result;
  }

  constexpr std::size_t block = 65536;
  parallel_blocks(executor, rows, block, [&](std::size_t first, std::size_t last, unsigned) {
    for (std::size_t row = first; row < last; ++row) {
      const std::uint64_t row_end = std::min(end, causal_end(visible.positions[row], visible.recent));
      result.counts[row] = static_cast<KeyId>(std::max(row_end, begin) - begin);
    }
  });
  sort_by_count(result, end - begin);
  return result;
}

}  // namespace rattan
