// The prefill's queries of one KV head, as evidence of what decoding will ask: most are linked to their best keys, the
// last ones are held out to calibrate on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rattan/exact_topk.h"
#include "rattan/matrix.h"
#include "rattan/results.h"
#include "scan/checked_matrix.h"

namespace rattan {

// One matrix per query head, checked, all with the same number of rows; row i is at positions[i], or at i where it is
// empty.
struct HeadQueries {
  std::span<const MatrixView> heads;
  std::span<const std::int64_t> positions;
  std::optional<std::size_t> held_out = {};  // of the rows, the last ones; unset: as many as held_out_rows() says

  std::size_t rows() const noexcept { return heads.empty() ? 0 : heads.front().rows; }
  std::int64_t position(std::size_t row) const noexcept {
    return positions.empty() ? static_cast<std::int64_t>(row) : positions[row];
  }
};

// The last sixteenth of the rows, at most 256, is held out.
std::size_t held_out_rows(std::size_t rows) noexcept;

// Copies of the rows that a build reads, in the type they have: those that are held out, and those that are linked. A
// build makes of them what it makes of all.
class CopiedQueries {
 public:
  // About most_rows are linked: as make_links has it.
  CopiedQueries(const HeadQueries& all, std::size_t most_rows);
  CopiedQueries(const CopiedQueries&) = delete;
  CopiedQueries& operator=(const CopiedQueries&) = delete;

  HeadQueries queries() const noexcept { return {heads_, positions_, held_out_}; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<MatrixView> heads_;
  std::vector<std::int64_t> positions_;
  std::size_t held_out_ = 0;
};

// Some of the held-out rows, evenly spaced, with the query heads of a position together: row = group * heads + head.
struct Calibration {
  SharedMatrix queries;
  std::vector<std::int64_t> positions;  // one per group
};
Calibration gather_calibration(const HeadQueries& queries, std::size_t most_groups);

// The k best of `keys` for about `most_rows` evenly spaced rows that are not held out, one table per query head. Not
// causal: a query is evidence for keys behind it as well. spent: tables whose memory is used again.
std::vector<NeighborTable> make_links(const HeadQueries& queries, const CheckedMatrix& keys, std::uint32_t k,
                                      std::size_t most_rows, const ExactTopK& exact,
                                      std::vector<NeighborTable> spent = {});

}  // namespace rattan
