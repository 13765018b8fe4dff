// The repeats of a timing (`-r N`) as one result.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "bench/measure/sweep_rows.h"

namespace rattan::bench {

struct MeanDeviation {
  double mean = not_measured;
  double deviation = not_measured;  // standard deviation of a sample; none of fewer than two values
};

MeanDeviation mean_and_deviation(std::span<const double> values);

// Units are those of the times.
struct RepeatedTime {
  double p50 = not_measured;            // mean of the repeats' medians
  double p50_deviation = not_measured;  // standard deviation of them
  double p99 = not_measured;            // mean of the repeats' 99th percentiles
  std::size_t timed = 0;                // in one repeat
  std::size_t repeats = 0;
};

// One way to do a thing: its times, by repeat.
RepeatedTime join_repeats(std::span<const std::vector<double>> repeats);

// Several ways, which `time_all` times once each: a list of times for every way, always as many. Where a signal asks to
// stop, the repeats that are done (interrupt.h).
std::vector<RepeatedTime> repeat_timing(std::size_t repeats,
                                        const std::function<std::vector<std::vector<double>>()>& time_all);

}  // namespace rattan::bench
