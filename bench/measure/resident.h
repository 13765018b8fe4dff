// Many KV heads in memory and one step of each in turn, as a decoder walks through its heads: when a head's turn comes
// again the others have pushed it out of the caches.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "bench/measure/measure.h"

namespace rattan::bench {

// The same rows, packed, at another address.
SharedMatrix copy_matrix(const SharedMatrix& matrix);

// `index` again over `keys` (a copy of its keys), with memory of its own. Passes through a file in `folder` that is
// gone afterwards. Throws what save() and open_index() do.
std::unique_ptr<Index> copy_index(const Index& index, SharedMatrix keys, const std::filesystem::path& folder);

struct Resident {
  const Index* index = nullptr;
  const HeadProblem* problem = nullptr;
  SearchSetup setup;
};

// One way to search: the same in every resident head.
using CycleJob = std::vector<Resident>;

// Microseconds of every timed step, per job: `rounds` rounds after an untimed one; a round asks, job by job, every
// resident one step (all query heads). Before the turn of each job twice the last-level cache is read from elsewhere:
// what the residents read in a round may be less than the cache. `before_round` runs at the start of each round.
// Where a signal asks to stop, the rounds that are done (interrupt.h).
std::vector<std::vector<double>> time_cycles(const std::vector<CycleJob>& jobs, std::size_t rounds,
                                             const std::function<void()>& before_round);

}  // namespace rattan::bench
