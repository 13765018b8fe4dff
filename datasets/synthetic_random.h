// Normal numbers by the row for the generator of synthetic heads; counter-based, so any thread can make any row.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include "core/random.h"

namespace rattan::datasets {

// Standard normal numbers that depend on (seed, row, place in `out`) alone. Both halves of each Box-Muller step are
// used, which makes this twice as fast as random_normal.
inline void fill_normals(std::uint64_t seed, std::uint64_t row, std::span<float> out) noexcept {
  const std::uint64_t stream = random_stream(seed, row);
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random_uniform(stream, i)));
    const double angle = 2.0 * std::numbers::pi * random_uniform(stream, i + 1);
    out[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < out.size()) out[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace rattan::datasets
