// What the query side of rotary attention heads looks like, in the terms of the calibration table of
// datasets/README.md section 4: rotate-half RoPE, pair i holds elements i and i + d/2.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rattan/matrix.h"

namespace rattan::bench {

struct RotaryStatistics {
  double concentration = 0;    // |mean query| / rms query norm with RoPE undone
  double top4_energy = 0;      // share of energy in the strongest 4 pairs (RoPE does not change it)
  double strongest_ratio = 0;  // energy of the strongest pair / of the median pair
  double strongest_pair = 0;   // its number, 0 .. d/2 - 1; high numbers turn slowly
  std::vector<double> mean;    // mean query with RoPE undone
};

// queries: [rows, d] with d even at `positions`; at most 4,096 evenly spaced rows are used. No rows, or odd d: zeros.
RotaryStatistics rotary_statistics(MatrixView queries, std::span<const std::int64_t> positions, double rope_base);

// 0 where one of them is zero or the sizes differ.
double cosine(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace rattan::bench
