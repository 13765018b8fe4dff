// What `decode` prints and draws of its records: one per way to decode, estimate and number of keys.
#pragma once

#include <string>
#include <vector>

#include "bench/report/writers.h"

namespace rattan::bench {

// Adds times_faster_than_full and _flat (of the same source's keys; null without a "flat") and growth_exponent (over
// all sources; null where there is one number of keys). Every source has a "full".
void compare_decode_records(std::vector<Json>& records);

void print_decode_records(Format format, const std::vector<Json>& records);

// Throws Error(io) naming the path.
void plot_decode_records(const std::string& path, const std::vector<Json>& records);

}  // namespace rattan::bench
