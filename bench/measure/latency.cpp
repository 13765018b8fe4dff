#include "bench/measure/latency.h"

#include <algorithm>
#include <cmath>

#include "bench/measure/interrupt.h"
#include "bench/measure/run_record.h"

namespace rattan::bench {
namespace {

constexpr std::uint64_t assumed_cache = std::uint64_t{32} << 20;
constexpr std::uint64_t largest_sweep = std::uint64_t{1} << 30;
constexpr std::size_t words_per_line = 8;

// Consecutive jobs on distinct KV heads may follow each other directly; a head that comes again starts a new batch.
std::vector<std::vector<std::size_t>> batches_of(const std::vector<LatencyJob>& jobs) {
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const auto has_head = [&](const std::vector<std::size_t>& batch) {
      return std::any_of(batch.begin(), batch.end(), [&](std::size_t i) { return jobs[i].problem == jobs[j].problem; });
    };
    const auto free = std::find_if_not(batches.begin(), batches.end(), has_head);
    (free == batches.end() ? batches.emplace_back() : *free).push_back(j);
  }
  return batches;
}

std::vector<std::vector<double>> time_jobs(const std::vector<LatencyJob>& jobs, std::size_t steps,
                                           CacheSweeper& sweeper) {
  std::vector<StepSearch> searches;
  searches.reserve(jobs.size());
  for (const LatencyJob& job : jobs) searches.emplace_back(*job.index, *job.problem, job.setup);
  const auto batches = batches_of(jobs);
  std::vector<std::vector<double>> times(jobs.size());
  for (std::size_t round = 0; round <= steps; ++round) {
    stop_if_asked();
    for (const std::vector<std::size_t>& batch : batches) {
      sweeper.sweep();
      for (const std::size_t j : batch) {
        double seconds = 0;
        searches[j].run(round % jobs[j].problem->steps, &seconds);
        if (round > 0) times[j].push_back(1e6 * seconds);
      }
    }
  }
  return times;
}

}  // namespace

CacheSweeper::CacheSweeper() {
  const std::uint64_t cache = run_record().llc_bytes;
  words_.assign(std::min(2 * (cache != 0 ? cache : assumed_cache), largest_sweep) / sizeof(std::uint64_t), 1);
}

void CacheSweeper::sweep() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < words_.size(); i += words_per_line) sum += words_[i];
  sink_ = sum;
}

double quantile(std::vector<double> values, double share) {
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const std::size_t at = std::min(values.size(), std::max<std::size_t>(1, static_cast<std::size_t>(rank))) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

LatencyRun measure_latency(const std::vector<LatencyJob>& jobs, std::size_t steps) {
  std::vector<LatencyJob> distinct;
  std::vector<std::size_t> of_job;
  for (const LatencyJob& job : jobs) {
    const auto found = std::find(distinct.begin(), distinct.end(), job);
    of_job.push_back(static_cast<std::size_t>(found - distinct.begin()));
    if (found == distinct.end()) distinct.push_back(job);
  }
  LatencyRun run;
  if (steps == 0) return run;
  CacheSweeper sweeper;
  const std::vector<std::vector<double>> times = time_jobs(distinct, steps, sweeper);
  for (const std::size_t job : of_job) run.latencies.push_back({quantile(times[job], 0.5), quantile(times[job], 0.99)});
  run.steps = steps;
  run.cycle_mb = static_cast<double>(sweeper.bytes()) / 1e6;
  return run;
}

}  // namespace rattan::bench
