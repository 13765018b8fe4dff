// Timed searches at chosen settings on one thread with cold caches: a decoder walks through hundreds of heads per
// token, so nothing of a head is cached when its turn comes again. src/DESIGN.md section 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/measure/measure.h"

namespace rattan::bench {

struct LatencyJob {
  const Index* index = nullptr;
  const HeadProblem* problem = nullptr;
  SearchSetup setup;

  friend bool operator==(const LatencyJob& a, const LatencyJob& b) {
    return a.index == b.index && a.setup.variant.name == b.setup.variant.name && a.setup.setting == b.setup.setting &&
           a.setup.expansions_per_width == b.setup.expansions_per_width;
  }
};

struct Latency {
  double us_p50 = 0;  // of one step: all query heads of the KV head
  double us_p99 = 0;
};

struct LatencyRun {
  std::vector<Latency> latencies;  // one per job
  std::size_t steps = 0;           // timed per job
  double cycle_mb = 0;             // 10^6 bytes read between two searches of the same KV head, at least
};

// Rounds over the jobs: one untimed, then `steps` timed ones (a job with fewer decode steps starts over). Before a KV
// head is asked again within a round or by the next one, twice the last-level cache is read from elsewhere. Jobs that
// are equal are timed once. Throws Stopped (interrupt.h) between rounds.
LatencyRun measure_latency(const std::vector<LatencyJob>& jobs, std::size_t steps);

// Reads twice the last-level cache (at most 1 GiB) from elsewhere, so that nothing of the indexes is left in it.
class CacheSweeper {
 public:
  CacheSweeper();

  std::uint64_t bytes() const { return words_.size() * sizeof(std::uint64_t); }
  void sweep();

 private:
  std::vector<std::uint64_t> words_;
  volatile std::uint64_t sink_ = 0;
};

// The value below which `share` of the values lie (nearest rank); values must not be empty.
double quantile(std::vector<double> values, double share);

}  // namespace rattan::bench
