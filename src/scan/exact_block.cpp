#include "scan/exact_block.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scan/key_tiling.h"

namespace rattan {
namespace {

// Columns of the packed panels: L2 carries |k|^2 / 2 in one more.
std::size_t tile_dim(const Scorer& scorer) noexcept {
  return scorer.keys().cols + (scorer.metric() == Metric::l2 ? 1 : 0);
}

std::size_t round_up(std::size_t value, std::size_t step) noexcept { return (value + step - 1) / step * step; }

void widen(const simd::Kernels& kernels, const MatrixView& matrix, std::size_t row, float* out) {
  kernels.to_float[static_cast<std::size_t>(matrix.dtype)](matrix.row(row), matrix.cols, out);
}

}  // namespace

// Queries, keys and scores of a tile together stay within three quarters of a 1 MiB second-level cache; small searches
// are cut finer, so that every worker gets some.
BlockShape choose_shape(std::size_t dim, std::uint32_t k, std::size_t rows, unsigned workers) {
  const simd::TileKernel& tile = simd::kernels().tile;
  constexpr std::size_t most_rows = 384;
  constexpr std::size_t fewest_rows = 64;
  constexpr std::size_t query_bytes = 192 * 1024;
  constexpr std::size_t key_bytes = 128 * 1024;
  constexpr std::size_t slot_bytes = 4 * 1024 * 1024;

  std::size_t block = std::clamp(query_bytes / (dim * sizeof(float)), fewest_rows, most_rows);
  block = std::min(block, slot_bytes / (Shortlist::capacity(k) * sizeof(Neighbor)));
  block = std::min(block, rows / (2 * std::size_t{workers}));
  block = std::max<std::size_t>(1, block / tile.a_panel) * tile.a_panel;
  const std::size_t panel_bytes = tile.b_panel * dim * sizeof(float);
  return {block, std::clamp<std::size_t>(key_bytes / panel_bytes, 1, std::max<std::size_t>(1, 1024 / tile.b_panel))};
}

void ExactBlock::find(const ExactProblem& problem, const BlockShape& shape, std::span<const std::size_t> rows,
                      NeighborTable& table) {
  const std::size_t keys = problem.visible.counts[rows.front()];
  if (keys == 0) return;
  const simd::TileKernel& kernel = simd::kernels().tile;
  const KeyTiling tiling(problem.visible.begin, keys, kernel.b_panel, shape.tile_panels);
  const std::size_t dim = tile_dim(problem.scorer);
  constexpr std::size_t cache_line = 16;  // rows one line apart do not all fall into the same cache sets

  score_stride_ = shape.tile_panels * kernel.b_panel + cache_line;
  scores_.resize(round_up(rows.size(), kernel.a_panel) * score_stride_);
  packed_keys_.resize(shape.tile_panels * kernel.b_panel * dim);
  positions_.resize(shape.tile_panels * kernel.b_panel);
  tile_ids_.resize(shape.tile_panels * kernel.b_panel);
  load_queries(problem, rows);

  for (std::size_t tile = 0; tile < tiling.tiles(); ++tile) {
    pack_keys(problem, tiling, tile);
    kernel.multiply(packed_queries_.data(), rows.size(), packed_keys_.data(), tiling.tile_keys(tile), dim,
                    scores_.data(), score_stride_);
    select(problem, tiling, tile, rows);
  }
  finish(problem, rows, table);
}

void ExactBlock::load_queries(const ExactProblem& problem, std::span<const std::size_t> rows) {
  const simd::Kernels& kernels = problem.scorer.kernels();
  const std::size_t panel = simd::kernels().tile.a_panel;
  const std::size_t cols = problem.queries.cols;
  const std::size_t dim = tile_dim(problem.scorer);
  const std::size_t capacity = Shortlist::capacity(problem.k);
  staging_.resize(std::max(panel, simd::kernels().tile.b_panel) * dim);
  packed_queries_.resize(round_up(rows.size(), panel) * dim);
  slot_scores_.resize(rows.size() * capacity);
  slot_ids_.resize(rows.size() * capacity);
  slot_positions_.resize(capacity);
  shortlists_.resize(rows.size());

  for (std::size_t first = 0; first < rows.size(); first += panel) {
    const std::size_t count = std::min(panel, rows.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      float* query = staging_.data() + i * dim;
      widen(kernels, problem.queries, rows[first + i], query);
      const double norm = std::sqrt(std::inner_product(query, query + cols, query, 0.0));
      if (dim > cols) query[cols] = 1.0F;
      const double margin = tile_error(norm, problem.norms.max_norm, cols, problem.scorer.metric());
      const std::size_t slot = (first + i) * capacity;
      shortlists_[first + i].reset(std::span(slot_scores_).subspan(slot, capacity),
                                   std::span(slot_ids_).subspan(slot, capacity), slot_positions_, problem.k, margin,
                                   kernels.select_above);
    }
    simd::kernels().tile.pack_a(staging_.data(), count, dim, packed_queries_.data() + first * dim);
  }
}

void ExactBlock::pack_keys(const ExactProblem& problem, const KeyTiling& tiling, std::size_t tile) {
  const simd::Kernels& kernels = problem.scorer.kernels();
  const MatrixView& keys = problem.scorer.keys();
  const std::size_t panel = simd::kernels().tile.b_panel;
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
    simd::kernels().tile.pack_b(staging_.data(), count, dim, packed_keys_.data() + first * dim);
  }
}

// Keys a row does not see are never looked at: they are cut off before the selection, not taken out of the results.
void ExactBlock::select(const ExactProblem& problem, const KeyTiling& tiling, std::size_t tile,
                        std::span<const std::size_t> rows) {
  const auto select_above = simd::kernels().select_above;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t visible = tiling.prefix(tile, problem.visible.counts[rows[i]]);
    const float* scores = scores_.data() + i * score_stride_;
    const std::size_t selected = select_above(scores, visible, shortlists_[i].filter(), positions_.data());
    if (selected != 0) shortlists_[i].add(std::span(positions_).first(selected), scores, tile_ids_.data());
  }
}

void ExactBlock::finish(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table) {
  tops_.resize(simd::max_group);
  std::vector<std::size_t> unfiltered;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (shortlists_[i].overflowed()) {
      unfiltered.push_back(rows[i]);
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

  // Rows that see the same keys share a pass.
  std::span<const std::size_t> rest(unfiltered);
  while (!rest.empty()) {
    const auto sees_others = [&](std::size_t row) {
      return problem.visible.counts[row] != problem.visible.counts[rest.front()];
    };
    const auto same = static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), sees_others) - rest.begin());
    const std::size_t count = std::min(same, simd::max_group);
    scan_rows(problem, rest.first(count), table);
    rest = rest.subspan(count);
  }
}

// Rows whose tile scores decide nothing: products that may overflow, or more near ties than the shortlist holds.
void ExactBlock::scan_rows(const ExactProblem& problem, std::span<const std::size_t> rows, NeighborTable& table) {
  const std::size_t cols = problem.queries.cols;
  AlignedFloats queries;
  queries.resize(rows.size() * cols);
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
