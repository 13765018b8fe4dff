// Exact top-k of one block of query rows: tiles of queries x keys through the packed product, a shortlist per row
// beside it, and the row kernel for what is left.
//
// The tile product only filters. Every key whose tile score comes within the rounding bound (tile_bound.h) of the k-th
// best is scored again by the row kernel on fp32 queries, and those scores decide: results are bit for bit the ones of
// a scan with that kernel, whatever the shape of tiles and blocks or the number of threads. Some 5 % of the time at k =
// 100 and 32,768 keys, less with more keys.
//
// Keys are widened and packed per tile and block. A packed copy of all keys shared by all blocks would save some 5 % of
// the time and cost 4 * n * d bytes, twice the f16 keys; it could also not follow the visible range of causal blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/results.h"
#include "scan/aligned_floats.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"
#include "scan/shortlist.h"
#include "scan/tile_bound.h"
#include "scan/visible_rows.h"

namespace rattan {

// What all blocks of one search share.
struct ExactProblem {
  MatrixView queries;
  const Scorer& scorer;  // with kernels that take fp32 queries
  std::uint32_t k;       // 1..number of keys in range
  const VisibleRows& visible;
  const KeyNorms& norms;
};

// How many query rows and keys one product has.
struct BlockShape {
  std::size_t rows;
  std::size_t tile_panels;  // panels of TileKernel::b_panel keys
};
BlockShape choose_shape(std::size_t dim, std::uint32_t k, std::size_t rows, unsigned workers);

// The scratch of one worker.
class ExactBlock {
 public:
  // Writes table rows `rows`, at most shape.rows of them, which see fewer and fewer keys (VisibleRows::order).
  void find(const ExactProblem& problem, const BlockShape& shape, std::span<const std::size_t> rows,
            NeighborTable& table);

 private:
  void load_queries(const ExactProblem& problem, std::span<const std::size_t> rows);
  void pack_keys(const ExactProblem& problem, const class KeyTiling& tiling, std::size_t tile);
  void select(const ExactProblem& problem, const class KeyTiling& tiling, std::size_t tile,
              std::span<const std::size_t> rows);
  void finish(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table);
  void scan_rows(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table);

  AlignedFloats staging_;
  AlignedFloats packed_queries_;
  AlignedFloats packed_keys_;
  AlignedFloats scores_;
  std::size_t score_stride_ = 0;

  std::vector<float> slot_scores_;
  std::vector<KeyId> slot_ids_;
  std::vector<std::uint32_t> slot_positions_;
  std::vector<Shortlist> shortlists_;
  std::vector<KeyId> tile_ids_;
  std::vector<std::uint32_t> positions_;

  PreparedQueries prepared_;
  FlatScratch scratch_;
  std::vector<TopK> tops_;
};

}  // namespace rattan
