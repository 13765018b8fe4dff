// How the kinds that scan run a search: groups in parallel, or, where there are fewer groups than workers, all workers
// on the pass of each group.
#pragma once

#include <cstddef>

#include "core/parallel.h"
#include "index/search_groups.h"

namespace rattan {

// Candidates that exist among `keys` keys.
inline IdRange scanned_range(const SearchParams& params, std::size_t keys) noexcept {
  const auto end = std::min(params.candidate_range.end, static_cast<KeyId>(keys));
  return {std::min(params.candidate_range.begin, end), end};
}

// `scan` has calls that may run on any thread:
//   range()                  all that is scanned
//   prepare(group, scratch)  makes the group's queries ready and the scratch empty
//   pass(range, scratch)     keeps the best of the range in the scratch
//   merge(from, into)        scratch `into` keeps the best of both, whoever saw what
//   finish(scratch)          leaves the best of each row in scratch.found; returns the SearchStats
template <typename Scratch, typename Scan>
void search_by_scan(const Scan& scan, MatrixView queries, const SearchParams& params, NeighborTable& table,
                    Pool<Scratch>& pool) {
  // Keys per task of a shared pass: long enough to hide the start of a task, short enough to spread 65,536 keys.
  constexpr std::size_t shared_block = 4096;
  Executor& executor = executor_or_default(params.executor);
  const IdRange range = scan.range();
  const std::size_t groups = queries.rows / params.group;
  const auto finish = [&](std::size_t first_row, Scratch& scratch) {
    const SearchStats stats = scan.finish(scratch);
    write_rows(scratch.found, first_row, table);
    return stats;
  };
  if (groups >= executor.workers()) {
    search_groups(queries, params, table, pool, [&](MatrixView group, std::size_t first_row, Scratch& scratch) {
      scan.prepare(group, scratch);
      scan.pass(range, scratch);
      return finish(first_row, scratch);
    });
    return;
  }
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first_row = group * params.group;
    const MatrixView rows = queries.slice(first_row, params.group);
    WorkerScratches<Scratch> scratches(pool, executor.workers());
    parallel_blocks(
        executor, range.end - range.begin, shared_block, [&](std::size_t begin, std::size_t end, unsigned worker) {
          Scratch& scratch = scratches.get(worker, [&](Scratch& taken) { scan.prepare(rows, taken); });
          scan.pass({static_cast<KeyId>(range.begin + begin), static_cast<KeyId>(range.begin + end)}, scratch);
        });
    Scratch* merged = nullptr;
    scratches.each_taken([&](Scratch& scratch) {
      if (merged == nullptr) {
        merged = &scratch;
      } else {
        scan.merge(scratch, *merged);
      }
    });
    if (merged != nullptr) table.stats[group] = finish(first_row, *merged);
  }
}

}  // namespace rattan
