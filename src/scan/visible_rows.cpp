#include "scan/visible_rows.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
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

constexpr std::size_t most_runs = 64;

// Where maximal runs of rows begin that see more and more keys, and the end; empty: more than most_runs of them.
std::vector<std::size_t> rising_runs(const AlignedVector<KeyId>& counts) {
  std::vector<std::size_t> begins{0};
  for (std::size_t row = 1; row < counts.size(); ++row) {
    if (counts[row] >= counts[row - 1]) continue;
    if (begins.size() == most_runs) return {};
    begins.push_back(row);
  }
  begins.push_back(counts.size());
  return begins;
}

// The rows of all runs whose counts are in [low, high), in their order.
void merge_runs(VisibleRows& rows, const std::vector<std::size_t>& runs, KeyId low, std::uint64_t high) {
  const auto place = [&](std::size_t run, std::uint64_t count) {
    const auto begin = rows.counts.begin();
    return std::lower_bound(begin + static_cast<std::ptrdiff_t>(runs[run]),
                            begin + static_cast<std::ptrdiff_t>(runs[run + 1]), count) -
           begin;
  };
  struct Rest {
    std::size_t begin;
    std::size_t end;
  };
  std::vector<Rest> rests;
  std::size_t out = 0;
  for (std::size_t run = 0; run + 1 < runs.size(); ++run) {
    rests.push_back({static_cast<std::size_t>(place(run, low)), static_cast<std::size_t>(place(run, high))});
    out += runs[run + 1] - rests.back().end;
  }
  while (true) {
    std::optional<KeyId> most;
    for (const Rest& rest : rests) {
      if (rest.begin != rest.end) most = std::max(most.value_or(0), rows.counts[rest.end - 1]);
    }
    if (!most) return;
    for (Rest& rest : rests) {
      std::size_t first = rest.end;
      while (first != rest.begin && rows.counts[first - 1] == *most) --first;
      for (std::size_t row = first; row < rest.end; ++row) rows.order[out++] = row;
      rest.end = first;
    }
  }
}

// A prefill's positions rise, once for each query head: half a million rows are merged, by all threads, while a device
// waits for their order.
void sort_by_count(VisibleRows& rows, std::size_t most, Executor& executor) {
  const std::vector<std::size_t> runs = rising_runs(rows.counts);
  if (runs.empty()) {
    std::iota(rows.order.begin(), rows.order.end(), std::size_t{0});
    std::stable_sort(rows.order.begin(), rows.order.end(),
                     [&](std::size_t a, std::size_t b) { return rows.counts[a] > rows.counts[b]; });
    return;
  }
  constexpr std::size_t rows_per_task = 16384;
  const std::size_t tasks = 1 + rows.counts.size() / rows_per_task;
  parallel_blocks(executor, most + 1, most / tasks + 1, [&](std::size_t low, std::size_t high, unsigned) {
    merge_runs(rows, runs, static_cast<KeyId>(low), high);
  });
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
  sort_by_count(result, end - begin, executor);
  return result;
}

}  // namespace rattan
