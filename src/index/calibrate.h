// How the kind "auto" chooses: every candidate's width is turned until its recall suffices, then all are timed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rattan/index.h"
#include "rattan/params.h"

namespace rattan {

struct Trial {
  const Index* index = nullptr;
  std::uint32_t width = 0;  // beam_width or rerank; 0 for flat
  double recall = 0;
  bool reached = false;
  double microseconds = 0;  // median of one group's search; 0 where the recall was not reached
};

// The width of `kind` for a search of `k` neighbours: beam_width of a graph, rerank of scan4, nothing of flat.
// Parameters that the caller set stay.
void apply_width(std::string_view kind, std::uint32_t width, SearchParams& params);

// One trial per candidate, in their order; the first must be exact and is what the others' recall is measured against.
// queries: [rows, d], rows a positive multiple of params.group.
// find_widths leaves the times out.
std::vector<Trial> find_widths(const std::vector<const Index*>& candidates, MatrixView queries,
                               const AutoBuildParams& params);
std::vector<Trial> try_out(const std::vector<const Index*>& candidates, MatrixView queries,
                           const AutoBuildParams& params);

}  // namespace rattan
