// The main measurement: for each index variant, KV head and recall target the cheapest width that reaches it, what it
// reads, and what it costs.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/inputs/data_source.h"
#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/progress.h"
#include "bench/measure/report_data.h"

namespace rattan::bench {

struct SweepOptions {
  std::vector<Variant> variants;
  std::vector<double> targets;  // recall, ascending
  ProblemOptions problem;
  BuildOptions build;
  std::vector<double> expansions = {0};   // graph: limits on expansions tried, as multiples of the beam width
  std::uint32_t start_keys_per_head = 0;  // variants with start keys; 0: all of the previous step's results
  std::size_t quality_steps = 16;         // decode steps behind mass and output error; 0: not measured
  std::size_t latency_steps = 64;         // timed steps per row; 0: not measured
  bool ood = false;                       // collect what the OOD plot draws
  std::uint64_t seed = 1;
  unsigned threads = 0;  // of builds and untimed searches; 0: all
};

// Head rows, then one "all" row per source, variant and target. Throws Error and UsageError of what it calls.
ReportData run_sweep(const std::vector<HeadSource>& heads, const SweepOptions& options, Progress& progress);

}  // namespace rattan::bench
