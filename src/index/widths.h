// The widths of searches that bring none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "rattan/params.h"

namespace rattan {

// Of a graph's walk. Trained heads reach recall@100 0.95 with beams of 177 to 366 in a seeded group walk
// (bench/RESULTS.md section 2).
inline std::uint32_t beam_width_of(const SearchParams& params) {
  return params.beam_width.value_or(std::max(32U, 2 * params.k + params.k / 2));
}

// Keys that a walk over codes reads in full per row. With as few as k, the order by code would decide which of the last
// ones are found.
inline std::uint32_t walk_rerank_of(const SearchParams& params) {
  return params.rerank.value_or(std::max(beam_width_of(params), params.k + params.k / 2));
}

// The same of scan4. Trained heads hold 0.98 to 0.998 of the exact best 100 among the best 200 by code, and 0.99 to 1
// among 300.
inline std::uint32_t scan_rerank_of(const SearchParams& params) {
  return std::max(params.k, params.rerank.value_or(3 * params.k + 20));
}

}  // namespace rattan
