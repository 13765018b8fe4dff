// What `grow` prints: a record per KV head and way to grow.
#pragma once

#include <string>
#include <vector>

#include "bench/measure/growth.h"
#include "bench/measure/run_record.h"
#include "bench/measure/sweep_rows.h"
#include "bench/report/record.h"

namespace rattan::bench {

struct GrowthMeasurement {
  std::string source;
  const GrowthProblem& problem;
  GrowthOptions options = {};
  std::uint32_t beam = 0;
  std::vector<GrowthCost> costs = {};  // by repeat, not empty
  Evaluation grown = {};
  Evaluation fresh = {};                // of an index built anew over all keys
  std::vector<double> context_us = {};  // what a Context's head takes per token, by repeat; NaN: not measured
  RunRecord run = {};
};

Record to_record(const GrowthMeasurement& measured);

// How to read the table, with what all its rows share.
std::string growth_legend(const GrowthMeasurement& measured);

}  // namespace rattan::bench
