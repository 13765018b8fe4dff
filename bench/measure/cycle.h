// What a latency run times: the setting of each variant that reaches a recall, and the resident heads it is asked in.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/bisect.h"
#include "bench/measure/progress.h"
#include "bench/measure/resident.h"

namespace rattan::bench {

// A KV head with all its indexes. One per head of the data.
struct Head {
  std::string source;
  HeadProblem problem;
  std::map<BuildKind, std::vector<BuiltIndex>> built;
};

// The cheapest setting of a variant on one head that reaches a target, else the best.
struct Found {
  const BuiltIndex* built = nullptr;
  SettingSearch::Result result;
};

struct Job {
  Variant variant;
  double target = 0;
  std::vector<Found> found;  // one per head
};

// A copy per chosen index; null where the resident is the original.
struct ResidentHead {
  const Head* head;
  SharedMatrix keys;
  std::map<const BuiltIndex*, std::unique_ptr<Index>> copies;
};

// Per variant and target (ascending) one job; an exact kind has one, for the highest.
std::vector<Job> find_jobs(const std::vector<std::unique_ptr<Head>>& heads, const std::vector<Variant>& variants,
                           const std::vector<double>& targets, Executor& executor, Progress& progress);

// `count` heads: resident r is head r modulo the heads of the data. Files pass through `scratch`; empty: the system's
// temporary folder.
std::vector<ResidentHead> make_residents(const std::vector<std::unique_ptr<Head>>& heads, const std::vector<Job>& jobs,
                                         std::size_t count, const std::string& scratch, Progress& progress);

CycleJob cycle_of(const Job& job, const std::vector<ResidentHead>& residents);

}  // namespace rattan::bench
