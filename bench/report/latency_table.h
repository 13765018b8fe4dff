// What `latency` prints: a record per variant and target, its time beside that of "flat".
#pragma once

#include <iosfwd>
#include <memory>
#include <vector>

#include "bench/measure/cycle.h"
#include "bench/measure/repeats.h"
#include "bench/measure/run_record.h"
#include "bench/report/record.h"
#include "bench/report/writers.h"

namespace rattan::bench {

struct LatencyResult {
  std::vector<std::unique_ptr<Head>> heads;  // of the data
  std::vector<Job> jobs;
  std::vector<RepeatedTime> times;  // microseconds of a step, by job
  std::size_t rounds = 0;
  std::size_t resident = 0;  // heads in memory
  RunRecord run;
};

std::vector<Record> latency_records(const LatencyResult& result);

void write_latency(std::ostream& out, Format format, const LatencyResult& result);

}  // namespace rattan::bench
