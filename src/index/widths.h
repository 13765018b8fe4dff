// The widths of searches that bring none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "rattan/params.h"

namespace rattan {

// Of a graph's walk. Trained heads reach recall@100 0.95 with beams of 177 to 366 in a group walk with start keys
// (bench/RESULTS.md section 2).
inline std::uint32_t beam_width_of(const SearchParams& params) {
  return params.beam_width.value_or(std::max(32U, 2 * params.k + params.k / 2));
}

// The same behind segments. Base and segments share one beam, and few edges lead from one to the other: behind four
// segments of 128 entry points a beam that is a sixth wider finds what one graph over all would (rattan-bench grow).
inline std::uint32_t widened_beam(std::uint32_t beam_width, std::size_t grown_entry_points) {
  constexpr std::size_t entry_points_that_double = 3072;
  constexpr std::size_t most_that_count = entry_points_that_double / 2;
  const std::uint64_t added = std::uint64_t{beam_width} * std::min(grown_entry_points, most_that_count);
  const std::uint64_t width = beam_width + added / entry_points_that_double;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(width, std::numeric_limits<std::uint32_t>::max()));
}

// Behind any number of segments.
inline std::uint32_t widest_beam(std::uint32_t beam_width) {
  return widened_beam(beam_width, std::numeric_limits<std::size_t>::max());
}

// Whether a walk of `keys` keys, of which `candidates` are wanted, costs more than a scan of these. A key of the beam
// costs as much as some `keys_per_beam_key` keys in a row, and the beam is wider where fewer are wanted.
inline bool scan_beats_walk(std::uint64_t candidates, std::uint64_t keys, std::uint32_t beam_width) {
  constexpr std::uint64_t keys_per_beam_key = 24;
  if (beam_width >= candidates) return true;
  return candidates < keys && candidates * candidates <= keys_per_beam_key * beam_width * keys;
}

// The beam of a walk for the `candidates` of `keys` keys: it keeps about as many of them as it would if all were
// wanted.
inline std::uint32_t beam_among(std::uint32_t beam_width, std::uint64_t candidates, std::uint64_t keys) {
  if (candidates == 0 || candidates >= keys) return beam_width;
  const auto width = static_cast<double>(beam_width) * static_cast<double>(keys) / static_cast<double>(candidates);
  return static_cast<std::uint32_t>(std::min<double>(width, std::numeric_limits<std::uint32_t>::max()));
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
