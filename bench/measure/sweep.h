// The main measurement: for each index variant, KV head and recall target the cheapest width that reaches it, what it
// reads, and what it costs.
#pragma once

#include <cstdint>
#include <functional>
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
  std::size_t repeats = 1;                // of the timing
  bool ood = false;                       // collect what the OOD plot draws
  std::uint64_t seed = 1;
  unsigned threads = 0;  // of builds and untimed searches; 0: all
};

struct SweepHooks {
  // Head rows, points and statistics as soon as they are complete: those of a variant, or, where rows are timed, those
  // of a KV head, whose variants take turns at being timed.
  std::function<void(const ReportData& part)> on_part = {};
  // Of an earlier run: variants of a KV head with a row for every target, of the same source, k, dtype and seed, timed
  // where rows are timed, are not measured again. Their rows come first in the result.
  ReportData done = {};
};

// Head rows, then one "all" row per source, variant and target. Where a signal asks to stop (interrupt.h), what was
// measured until then, rows that were not timed yet among them; the rest is left out and a note says so. Throws Error
// and UsageError of what it calls.
ReportData run_sweep(const std::vector<HeadSource>& heads, const SweepOptions& options, Progress& progress,
                     SweepHooks hooks = {});

}  // namespace rattan::bench
