#include "scan/exact_tile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scan/key_tiling.h"

namespace rattan {
namespace {

constexpr std::size_t scanned_together = 8;  // rows of a pass over keys

// Columns of the packed panels: L2 carries |k|^2 / 2 in one more.
std::size_t tile_dim(const Scorer& scorer) noexcept {
  return scorer.keys().cols() + (scorer.metric() == Metric::l2 ? 1 : 0);
}

std::size_t round_up(std::size_t value, std::size_t step) noexcept { return (value + step - 1) / step * step; }

void widen(const simd::Kernels& kernels, const MatrixView& matrix, std::size_t row, float* out) {
  kernels.widen(matrix.dtype)(matrix.row(row), matrix.cols, out);
}

}  // namespace

// Queries, keys and scores of a tile together stay within three quarters of a 1 MiB second-level cache; small searches
// are cut finer, so that every worker gets some. The faster a tile multiplies, the more queries must share a packed
// key.
TileShape choose_shape(const simd::TileKernel& tile, std::size_t dim, std::uint32_t k, std::size_t rows,
                       unsigned workers) {
  const std::size_t most_rows = 384 * sizeof(float) / tile.element_bytes;
  constexpr std::size_t fewest_rows = 64;
  constexpr std::size_t query_bytes = std::size_t{192} * 1024;
  constexpr std::size_t slot_bytes = std::size_t{4} * 1024 * 1024;
  const std::size_t key_bytes = std::size_t{tile.element_bytes == sizeof(float) ? 128U : 32U} * 1024;
  const std::size_t row_bytes = tile.row_floats(dim) * sizeof(float);

  std::size_t block = std::clamp(query_bytes / row_bytes, fewest_rows, most_rows);
  block = std::min(block, slot_bytes / (Shortlist::capacity(k) * sizeof(Neighbor)));
  block = std::min(block, rows / (2 * std::size_t{workers}));
  block = std::max<std::size_t>(1, block / tile.a_panel) * tile.a_panel;
  const std::size_t panels = key_bytes / (tile.b_panel * row_bytes);
  return {block, std::clamp<std::size_t>(panels, 1, std::max<std::size_t>(1, 1024 / tile.b_panel))};
}

void ExactTile::find(const ExactProblem& problem, const TileShape& shape, std::span<const std::size_t> rows,
                     NeighborTable& table) {
  if (problem.visible.counts[rows.front()] == 0) return;
  const simd::TileKernel& first = problem.first_tile();
  const simd::TileKernel& fp32 = simd::kernels().tile;
  std::vector<std::size_t> undecided(rows.begin(), rows.end());
  TileShape fp32_shape = shape;
  if (&first != &fp32) {
    const bool helps = 4 * bf16_undecided_ <= bf16_rows_;
    if (helps) {
      undecided = filter(problem, first, shape.tile_panels, rows, table);
      bf16_rows_ += rows.size();
      bf16_undecided_ += undecided.size();
    }
    fp32_shape = choose_shape(fp32, tile_dim(problem.scorer), problem.k, 2 * rows.size(), 1);
  }

  std::vector<std::size_t> unfiltered;
  for (std::size_t begin = 0; begin < undecided.size(); begin += fp32_shape.rows) {
    const auto part = std::span(undecided).subspan(begin, std::min(fp32_shape.rows, undecided.size() - begin));
    const std::vector<std::size_t> near_ties = filter(problem, fp32, fp32_shape.tile_panels, part, table);
    unfiltered.insert(unfiltered.end(), near_ties.begin(), near_ties.end());
  }
  scan(problem, unfiltered, table);
}

std::vector<std::size_t> ExactTile::filter(const ExactProblem& problem, const simd::TileKernel& kernel,
                                           std::size_t tile_panels, std::span<const std::size_t> rows,
                                           NeighborTable& table) {
  const std::size_t keys = problem.visible.counts[rows.front()];
  const KeyTiling tiling(problem.visible.begin, keys, kernel.b_panel, tile_panels);
  const std::size_t dim = tile_dim(problem.scorer);
  constexpr std::size_t line_floats = 16;  // rows one line apart do not all fall into the same cache sets

  score_stride_ = tile_panels * kernel.b_panel + line_floats;
  grow(scores_, round_up(rows.size(), kernel.a_panel) * score_stride_);
  grow(packed_keys_, tile_panels * kernel.b_panel * kernel.row_floats(dim));
  positions_.resize(tile_panels * kernel.b_panel);
  tile_ids_.resize(tile_panels * kernel.b_panel);
  load_queries(problem, kernel, rows);

  for (std::size_t tile = 0; tile < tiling.tiles(); ++tile) {
    pack_keys(problem, kernel, tiling, tile);
    kernel.multiply(packed_queries_.data(), rows.size(), packed_keys_.data(), tiling.tile_keys(tile), dim,
                    scores_.data(), score_stride_);
    select(problem, tiling, tile, rows);
  }
  return rescore(problem, rows, table);
}

void ExactTile::load_queries(const ExactProblem& problem, const simd::TileKernel& kernel,
                             std::span<const std::size_t> rows) {
  const simd::Kernels& kernels = problem.scorer.kernels();
  const std::size_t panel = kernel.a_panel;
  const std::size_t cols = problem.queries.cols;
  const std::size_t dim = tile_dim(problem.scorer);
  const std::size_t capacity = Shortlist::capacity(problem.k);
  grow(staging_, std::max(panel, kernel.b_panel) * dim);
  grow(packed_queries_, round_up(rows.size(), panel) * kernel.row_floats(dim));
  slot_scores_.resize(rows.size() * capacity);
  slot_ids_.resize(rows.size() * capacity);
  slot_positions_.resize(capacity);
  shortlists_.resize(rows.size());

  for (std::size_t first = 0; first < rows.size(); first += panel) {
    const std::size_t count = std::min(panel, rows.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      float* query = staging_.data() + i * dim;
      widen(kernels, problem.queries, rows[first + i], query);
      if (dim > cols) query[cols] = 1.0F;
      const std::size_t slot = (first + i) * capacity;
      shortlists_[first + i].reset(std::span(slot_scores_).subspan(slot, capacity),
                                   std::span(slot_ids_).subspan(slot, capacity), slot_positions_, problem.k,
                                   margin(problem, kernel, {query, cols}), kernels.select_above);
    }
    kernel.pack_a(staging_.data(), count, dim, packed_queries_.data() + first * kernel.row_floats(dim));
  }
}

double ExactTile::margin(const ExactProblem& problem, const simd::TileKernel& kernel,
                         std::span<const float> query) const {
  const double norm = std::sqrt(std::inner_product(query.begin(), query.end(), query.begin(), 0.0));
  if (&kernel == problem.bf16_tile) return bf16_tile_error(norm, bf16_residual(query), problem.norms, query.size());
  return tile_error(norm, problem.norms.max_norm, query.size(), problem.scorer.metric());
}

void ExactTile::pack_keys(const ExactProblem& problem, const simd::TileKernel& kernel, const KeyTiling& tiling,
                          std::size_t tile) {
  const simd::Kernels& kernels = problem.scorer.kernels();
  const MatrixView& keys = problem.scorer.keys().base;
  const std::size_t panel = kernel.b_panel;
  const std::size_t dim = tile_dim(problem.scorer);
  const std::size_t total = tiling.tile_keys(tile);

  for (std::size_t first = 0; first < total; first += panel) {
    const std::size_t count = std::min(panel, total - first);
    const std::size_t begin = tiling.id(tile, first);
    for (std::size_t i = 0; i < count; ++i) {
      tile_ids_[first + i] = static_cast<KeyId>(begin + i);
      float* key = staging_.data() + i * dim;
      widen(kernels, keys, begin + i, key);
      if (dim > keys.cols) key[keys.cols] = problem.norms.column[begin + i - problem.visible.begin];
    }
    kernel.pack_b(staging_.data(), count, dim, packed_keys_.data() + first * kernel.row_floats(dim));
  }
}

// Keys a row does not see are never looked at: they are cut off before the selection, not taken out of the results.
void ExactTile::select(const ExactProblem& problem, const KeyTiling& tiling, std::size_t tile,
                       std::span<const std::size_t> rows) {
  const auto select_above = simd::kernels().select_above;
  std::size_t count = problem.visible.counts[rows.front()];
  std::size_t visible = tiling.prefix(tile, count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (problem.visible.counts[rows[i]] != count) {  // often the same, and the prefix costs two divisions
      count = problem.visible.counts[rows[i]];
      visible = tiling.prefix(tile, count);
    }
    const float* scores = scores_.data() + i * score_stride_;
    const std::size_t selected = select_above(scores, visible, shortlists_[i].filter(), positions_.data());
    if (selected != 0) shortlists_[i].add(std::span(positions_).first(selected), scores, tile_ids_.data());
  }
}

std::vector<std::size_t> ExactTile::rescore(const ExactProblem& problem, std::span<const std::size_t> rows,
                                            NeighborTable& table) {
  tops_.resize(scanned_together);
  std::vector<std::size_t> undecided;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (shortlists_[i].overflowed()) {
      undecided.push_back(rows[i]);
      continue;
    }
    const std::span<const KeyId> ids = shortlists_[i].candidates();
    scratch_.scores.resize(ids.size());
    problem.scorer.prepare(problem.queries.slice(rows[i], 1), prepared_);
    problem.scorer.score(prepared_, ids, scratch_.rows, scratch_.scores.data(), ids.size());
    tops_[0].reset(problem.k);
    for (std::size_t c = 0; c < ids.size(); ++c) tops_[0].push(scratch_.scores[c], ids[c]);
    write_row(tops_[0].sorted(), table.ids(rows[i]), table.scores(rows[i]));
  }
  return undecided;
}

// Rows that see the same keys share a pass.
void ExactTile::scan(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table) {
  std::span<const std::size_t> rest(rows);
  while (!rest.empty()) {
    const auto sees_others = [&](std::size_t row) {
      return problem.visible.counts[row] != problem.visible.counts[rest.front()];
    };
    const auto same = static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), sees_others) - rest.begin());
    const std::size_t count = std::min(same, scanned_together);
    scan_rows(problem, rest.first(count), table);
    rest = rest.subspan(count);
  }
}

// Rows whose tile scores decide nothing: products that may overflow, or more near ties than the shortlist holds.
void ExactTile::scan_rows(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table) {
  const std::size_t cols = problem.queries.cols;
  AlignedVector<float> queries(rows.size() * cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    widen(problem.scorer.kernels(), problem.queries, rows[i], queries.data() + i * cols);
    tops_[i].reset(problem.k);
  }
  problem.scorer.prepare(MatrixView(queries.data(), DType::f32, rows.size(), cols), prepared_);
  const KeyId begin = problem.visible.begin;
  const IdRange range{begin, begin + problem.visible.counts[rows.front()]};
  flat_scan(problem.scorer, prepared_, range, std::span(tops_).first(rows.size()), scratch_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    write_row(tops_[i].sorted(), table.ids(rows[i]), table.scores(rows[i]));
  }
}

}  // namespace rattan
