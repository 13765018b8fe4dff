// What a decode step of one KV head costs with the budgets that `attend` judges, against full attention and against the
// bf16 flat scan: one Context over resident copies of the head, caches cold.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/inputs/data_source.h"
#include "bench/inputs/problem.h"
#include "bench/measure/repeats.h"
#include "rattan/context.h"

namespace rattan::bench {

struct AttendLatencyOptions {
  std::size_t copies = 8;  // of the head, that take turns
  std::size_t rounds = 8;
  std::size_t repeats = 1;
};

// Medians, means of the repeats', in microseconds, on one thread, of one step: all query heads of the KV head.
struct AttendLatency {
  double full_us = 0;
  double flat_us = 0;            // of the smallest k of the budgets
  std::vector<RepeatedTime> us;  // by budget
  std::string kind;              // what the head's keys are searched by
};

// params: window, kind, recall, clusters, seed and executor.
AttendLatency time_attend(const HeadSource& source, const ProblemOptions& problem, std::span<const Budget> budgets,
                          ContextParams params, const AttendLatencyOptions& options);

}  // namespace rattan::bench
