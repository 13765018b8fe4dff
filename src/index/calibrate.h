// How a kind is chosen: every contender's width is turned until its recall suffices, then all are timed.
#pragma once

#include <cstdint>
#include <vector>

#include "index/index_kind.h"

namespace rattan {

struct Trial {
  const IndexKind* kind = nullptr;
  const Index* index = nullptr;
  std::uint32_t width = 0;  // of the kind's knob; 0: it is exact
  double recall = 0;        // mean over all rows
  bool reached = false;     // recall the wanted one, worst_recall worst_share of it
  double microseconds = 0;  // median of one group's search; 0 where the recall was not reached
  double worst_recall = 0;  // of the rows in one place of their groups, those of one query head, where it is least
  std::vector<float> row_widths = {};  // FoundWidth::row_widths

  FoundWidth found(std::uint32_t k) const { return {kind, k, width, row_widths}; }
};

// Recall that one query head may have less than all together: a mean of 0.95 may hide a head that finds hardly any key.
inline constexpr double worst_share = 0.85;

// Where one width for all leaves a query head with less than this share of the wanted recall, heads get widths of their
// own (kinds with a beam): those that find much give what those that find little need.
inline constexpr double even_share = 0.98;

// One trial per contender, in their order; the first must be exact and is what the others' recall is measured against.
// queries: [rows, d], rows a positive multiple of params.group.
// find_widths leaves the times out.
std::vector<Trial> find_widths(const std::vector<const Index*>& contenders, MatrixView queries,
                               const AutoBuildParams& params);
std::vector<Trial> try_out(const std::vector<const Index*>& contenders, MatrixView queries,
                           const AutoBuildParams& params);

}  // namespace rattan
