// How every kind runs a search: groups of query rows in parallel, one scratch per worker. Scratches outlive the call in
// a pool of the index, so that a steady stream of searches allocates nothing for them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/parallel.h"
#include "core/pool.h"
#include "core/top_k.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"

namespace rattan {

// One scratch per worker of one call, taken when the worker first asks and given back at the end.
template <typename Scratch>
class WorkerScratches {
 public:
  WorkerScratches(Pool<Scratch>& pool, std::size_t workers) : pool_(pool), leases_(workers) {}

  // Only the worker of that number may call this for it. `prepare` is called once, on what the pool gave.
  template <typename Prepare>
  Scratch& get(unsigned worker, const Prepare& prepare) {
    auto& lease = leases_[worker];
    if (!lease) prepare(*lease.emplace(pool_));
    return **lease;
  }
  Scratch& get(unsigned worker) {
    return get(worker, [](Scratch&) {});
  }

  // What workers left behind; after all of them have ended.
  template <typename Visit>
  void each_taken(const Visit& visit) {
    for (auto& lease : leases_) {
      if (lease) visit(**lease);
    }
  }

 private:
  Pool<Scratch>& pool_;
  std::vector<std::optional<typename Pool<Scratch>::Lease>> leases_;
};

// The rows of a group, best first, into the table.
inline void write_rows(std::span<TopK> results, std::size_t first_row, NeighborTable& table) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    write_row(results[i].sorted(), table.ids(first_row + i), table.scores(first_row + i));
  }
}

// Calls search_group(group_queries, first_row, scratch) for each group of params.group consecutive rows and stores the
// SearchStats it returns in table.stats. A call must depend on its arguments alone; then the table is the same for any
// executor.
template <typename Scratch, typename SearchGroup>
void search_groups(MatrixView queries, const SearchParams& params, NeighborTable& table, Pool<Scratch>& pool,
                   const SearchGroup& search_group) {
  const std::size_t groups = queries.rows / params.group;
  Executor& executor = executor_or_default(params.executor);
  WorkerScratches<Scratch> scratches(pool, groups == 1 ? 1 : executor.workers());
  const auto search_one = [&](std::size_t group, unsigned worker) {
    const std::size_t first = group * params.group;
    table.stats[group] = search_group(queries.slice(first, params.group), first, scratches.get(worker));
  };
  // One group is a decode step of one head: waking workers would cost more than it saves.
  if (groups == 1) {
    search_one(0, 0);
  } else {
    executor.run(groups, search_one);
  }
}

}  // namespace rattan
