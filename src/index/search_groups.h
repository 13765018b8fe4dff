// How every kind runs a search: groups of query rows in parallel, one scratch per worker. Scratches outlive the call in
// a pool of the index, so that a steady stream of searches allocates nothing for them.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/parallel.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"

namespace rattan {

// Scratches that no search is using; any number of threads may take and give back. `Scratch` is default-constructible
// and keeps nothing that a later search depends on.
template <typename Scratch>
class ScratchPool {
 public:
  std::unique_ptr<Scratch> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Scratch>();
    std::unique_ptr<Scratch> scratch = std::move(idle_.back());
    idle_.pop_back();
    return scratch;
  }

  void give_back(std::unique_ptr<Scratch> scratch) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> idle_;
};

// One scratch per worker of one call, taken when the worker first asks and given back at the end.
template <typename Scratch>
class ScratchLease {
 public:
  ScratchLease(ScratchPool<Scratch>& pool, std::size_t workers) : pool_(pool), taken_(workers) {}
  ~ScratchLease() {
    for (auto& scratch : taken_) {
      if (scratch) pool_.give_back(std::move(scratch));
    }
  }
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;

  // Only the worker of that number may call this for it. `prepare` is called once, on what the pool gave.
  template <typename Prepare>
  Scratch& of(unsigned worker, const Prepare& prepare) {
    if (!taken_[worker]) {
      taken_[worker] = pool_.take();
      prepare(*taken_[worker]);
    }
    return *taken_[worker];
  }
  Scratch& of(unsigned worker) {
    return of(worker, [](Scratch&) {});
  }

  // What workers left behind; after all of them have ended.
  template <typename Visit>
  void each_taken(const Visit& visit) {
    for (auto& scratch : taken_) {
      if (scratch) visit(*scratch);
    }
  }

 private:
  ScratchPool<Scratch>& pool_;
  std::vector<std::unique_ptr<Scratch>> taken_;
};

// Calls search_group(group_queries, first_row, scratch) for each group of params.group consecutive rows and stores the
// SearchStats it returns in table.stats. A call must depend on its arguments alone; then the table is the same for any
// executor.
template <typename Scratch, typename SearchGroup>
void search_groups(MatrixView queries, const SearchParams& params, NeighborTable& table, ScratchPool<Scratch>& pool,
                   const SearchGroup& search_group) {
  const std::size_t groups = queries.rows / params.group;
  Executor& executor = executor_or_default(params.executor);
  ScratchLease<Scratch> lease(pool, groups == 1 ? 1 : executor.workers());
  const auto search_one = [&](std::size_t group, unsigned worker) {
    const std::size_t first = group * params.group;
    table.stats[group] = search_group(queries.slice(first, params.group), first, lease.of(worker));
  };
  // One group is a decode step of one head: waking workers would cost more than it saves.
  if (groups == 1) {
    search_one(0, 0);
  } else {
    executor.run(groups, search_one);
  }
}

}  // namespace rattan
