// Means of rattan-bench attend's records over all KV heads, and fixed k against epsilon budgets at equal keys.
#pragma once

#include <vector>

#include "bench/report/writers.h"

namespace rattan::bench {

// One record per setting (members k, epsilon, estimate), in the order of first appearance: means of keys_retrieved,
// mass, unread, output_error and estimate_error. An epsilon budget's record has besides, as fixed_error, the error that
// fixed k with the same `estimate` has at as many keys, interpolated between the neighbouring k in logarithms; null
// outside of them.
std::vector<Json> attend_summary(const std::vector<Json>& records);

}  // namespace rattan::bench
