// Exact top-k of one tile of query rows: blocks of queries x keys through the packed product, a shortlist per row
// beside it, and the row kernel for what is left.
//
// The tile product only filters. Every key whose tile score comes within the rounding bound (tile_bound.h) of the k-th
// best is scored again by the row kernel on fp32 queries, and those scores decide: results are bit for bit the ones of
// a scan with that kernel, whatever the tile kernel, the shape of tiles and blocks or the number of threads.
//
// Where the CPU has a bf16 tile, inner products go through it first. Rows of which it leaves too many near ties (its
// bound is wider, but for bf16 vectors) go through the fp32 tile, and what that cannot decide through the row kernel.
//
// Keys are widened and packed per tile and block. A packed copy of all keys shared by all blocks would save some 5 % of
// the time and cost 4 * n * d bytes, twice the f16 keys; it could also not follow the visible range of causal blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "rattan/results.h"
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
  const simd::TileKernel* bf16_tile = nullptr;  // null: fp32 only; never with L2

  const simd::TileKernel& first_tile() const noexcept { return bf16_tile ? *bf16_tile : simd::kernels().tile; }
};

// How many query rows and keys one product has.
struct TileShape {
  std::size_t rows;
  std::size_t tile_panels;  // panels of TileKernel::b_panel keys
};
TileShape choose_shape(const simd::TileKernel& tile, std::size_t dim, std::uint32_t k, std::size_t rows,
                       unsigned workers);

// The scratch of one worker.
class ExactTile {
 public:
  // Writes table rows `rows`, at most shape.rows of them, which see fewer and fewer keys (VisibleRows::order). `shape`
  // is one for problem.first_tile().
  void find(const ExactProblem& problem, const TileShape& shape, std::span<const std::size_t> rows,
            NeighborTable& table);

 private:
  // Both return the rows that they could not decide, in the order of `rows`.
  std::vector<std::size_t> filter(const ExactProblem& problem, const simd::TileKernel& kernel, std::size_t tile_panels,
                                  std::span<const std::size_t> rows, NeighborTable& table);
  std::vector<std::size_t> rescore(const ExactProblem& problem, std::span<const std::size_t> rows,
                                   NeighborTable& table);

  void load_queries(const ExactProblem& problem, const simd::TileKernel& kernel, std::span<const std::size_t> rows);
  double margin(const ExactProblem& problem, const simd::TileKernel& kernel, std::span<const float> query) const;
  void pack_keys(const ExactProblem& problem, const simd::TileKernel& kernel, const class KeyTiling& tiling,
                 std::size_t tile);
  void select(const ExactProblem& problem, const class KeyTiling& tiling, std::size_t tile,
              std::span<const std::size_t> rows);
  void scan(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table);
  void scan_rows(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table);

  std::size_t bf16_rows_ = 0;
  std::size_t bf16_undecided_ = 0;  // of bf16_rows_

  AlignedVector<float> staging_;
  AlignedVector<float> packed_queries_;
  AlignedVector<float> packed_keys_;
  AlignedVector<float> scores_;
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
