#include "index/growing_search.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "index/widths.h"

namespace rattan {
namespace {

// Entries that a beam of some width sees in a search, generously: a later search should not be the first that needs
// more. Beyond it memory grows as vectors do.
std::size_t entries_of(std::size_t width) { return 16 * width + 4096; }

// Base and segments share one beam, and few edges lead from one to the other: behind four segments of 128 entry points
// a beam that is a sixth wider finds what one graph over all would (rattan-bench grow).
constexpr std::size_t entry_points_that_double = 3072;
constexpr std::size_t most_that_count = entry_points_that_double / 2;

std::uint32_t widened(std::uint32_t beam_width, std::size_t grown_entry_points) {
  const std::uint64_t more = std::uint64_t{beam_width} * std::min(grown_entry_points, most_that_count);
  const std::uint64_t width = beam_width + more / entry_points_that_double;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(width, std::numeric_limits<std::uint32_t>::max()));
}

void reserve(std::vector<BucketBeam>& beams, std::size_t heads, std::size_t width) {
  if (beams.size() < heads) beams.resize(heads);
  for (BucketBeam& beam : beams) beam.reserve(entries_of(width));
}

class GrowingSearch {
 public:
  // widest: a beam for which there shall be room, so that later segments need no memory.
  GrowingSearch(const GrowingRows& rows, MatrixView queries, const SearchParams& params, std::uint32_t widest,
                GrowingScratch& scratch)
      : rows_(rows), queries_(queries), params_(params), widest_(widest), scratch_(scratch) {}

  SearchStats run() {
    const KeyId end = std::min(params_.candidates.end, static_cast<KeyId>(rows_.scorer.keys().rows()));
    const IdRange all{std::min(params_.candidates.begin, end), end};
    const auto sealed_end = std::min(end, static_cast<KeyId>(rows_.sealed));
    const IdRange sealed{std::min(all.begin, sealed_end), sealed_end};
    if (!worth_an_index(sealed)) {
      scan(all);
      return stats_;
    }
    if (rows_.graph == nullptr) {
      scan_codes(sealed);
    } else if (rows_.codes != nullptr && params_.rerank != 0U) {
      walk_codes();
    } else {
      walk_keys();
    }
    scan_into(*scratch_.found, *prepared_, {sealed.end, std::max(sealed.end, end)});
    return stats_;
  }

 private:
  // Whether fewer keys would be read than by a scan of them.
  bool worth_an_index(IdRange sealed) const {
    const std::size_t keys = sealed.end - sealed.begin;
    if (rows_.graph != nullptr) return std::max(params_.k, beam_width_of(params_)) < keys;
    return rows_.codes != nullptr && params_.rerank != 0U && scan_rerank_of(params_) < keys;
  }

  void scan(IdRange range) {
    prepare(scratch_.walk.queries);
    scratch_.found = &scratch_.walk.results;
    scratch_.found->resize(queries_.rows);
    for (TopK& best : *scratch_.found) best.reset(params_.k);
    scan_into(*scratch_.found, *prepared_, range);
  }

  void prepare(PreparedQueries& prepared) {
    rows_.scorer.prepare(queries_, prepared);
    prepared_ = &prepared;
  }

  // Both sides of what is hidden.
  void scan_into(std::vector<TopK>& found, const PreparedQueries& prepared, IdRange range) {
    each_shown(range, [&](IdRange shown) {
      flat_scan(rows_.scorer, prepared, shown, found, scratch_.flat);
      stats_.keys_scored += shown.end - shown.begin;
      stats_.bytes_read += std::uint64_t{shown.end - shown.begin} * rows_.scorer.keys().row_bytes();
    });
  }

  template <typename Visit>
  void each_shown(IdRange range, const Visit& visit) const {
    const IdRange before{range.begin, std::min(range.end, rows_.hidden.begin)};
    const IdRange behind{std::max(range.begin, rows_.hidden.end), range.end};
    if (rows_.hidden.begin >= rows_.hidden.end) {
      if (range.begin < range.end) visit(range);
      return;
    }
    if (before.begin < before.end) visit(before);
    if (behind.begin < behind.end) visit(behind);
  }

  WalkParams walk_params() const {
    WalkParams params;
    params.beam_width = beam_width_of(params_);
    params.expansions = params_.expansions.value_or(0);
    params.seeds = params_.seeds;
    params.candidates = params_.candidates;
    params.hidden = rows_.hidden;
    return params;
  }

  // Keys that a round of a walk reads at most. The first reads all entry points, of segments to come too: by doubling.
  std::size_t round() const {
    constexpr std::size_t named_at_once = 4;  // by a head of a code walk; the other names one
    const GraphView& graph = *rows_.graph;
    const std::size_t first =
        graph.base_entry_points().size() + graph.grown_entry_points().size() + params_.seeds.size();
    const std::size_t later = named_at_once * queries_.rows * graph.stride();
    return std::bit_ceil(std::max<std::size_t>({2048, 2 * first, later}));
  }

  void walk_keys() {
    prepare(scratch_.walk.queries);
    scratch_.walk.reserve(rows_.capacity, round(), queries_.rows);
    scratch_.found = &scratch_.walk.results;
    stats_ = walk(rows_.scorer, *rows_.graph, walk_params(), params_.k, scratch_.walk);
  }

  void walk_codes() {
    const CodeScorer codes(*rows_.codes, rows_.scorer.kernels());
    CodeWalkScratch& scratch = scratch_.code_walk;
    prepare(scratch.queries);
    codes.prepare(queries_, scratch.code_queries);
    const std::uint32_t rerank = walk_rerank_of(params_);
    scratch.reserve(rows_.capacity, round(), queries_.rows);
    const std::uint32_t wanted = std::max(rerank, params_.k);
    const std::uint32_t room = std::max(wanted, widest_);
    scratch.rerank.reserve(rows_.capacity, queries_.rows, room, entries_of(room));
    reserve(scratch.beams, queries_.rows, widest_);
    reserve(scratch.found, queries_.rows, room);
    scratch_.found = &scratch.results;
    stats_ = code_walk(rows_.scorer, codes, *rows_.graph, walk_params(), rerank, params_.k, scratch);
  }

  void scan_codes(IdRange sealed) {
    const CodeScorer codes(*rows_.codes, rows_.scorer.kernels());
    prepare(scratch_.walk.queries);
    codes.prepare(queries_, scratch_.code_queries);
    const std::uint32_t rerank = scan_rerank_of(params_);
    reserve(scratch_.beams, queries_.rows, rerank);
    scratch_.beams.resize(queries_.rows);
    for (std::size_t i = 0; i < queries_.rows; ++i) {
      scratch_.beams[i].reset(rerank, scratch_.code_queries.lowest(i), scratch_.code_queries.highest(i));
    }
    each_shown(sealed, [&](IdRange shown) {
      code_scan(codes, scratch_.code_queries, shown, scratch_.beams, scratch_.code_scan);
      stats_.codes_scored += shown.end - shown.begin;
    });
    scratch_.rerank.reserve(rows_.capacity, queries_.rows, rerank, entries_of(rerank));
    scratch_.rerank.start(rows_.scorer);
    for (const BucketBeam& beam : scratch_.beams) scratch_.rerank.add_kept(beam, rerank);
    scratch_.found = &scratch_.walk.results;
    stats_.keys_scored = scratch_.rerank.finish(*prepared_, params_.k, *scratch_.found);
    stats_.code_bytes = stats_.codes_scored * codes.codes().row_bytes();
    stats_.bytes_read = stats_.code_bytes + stats_.keys_scored * rows_.scorer.keys().row_bytes();
  }

  const GrowingRows& rows_;
  MatrixView queries_;
  const SearchParams& params_;
  std::uint32_t widest_;
  GrowingScratch& scratch_;
  const PreparedQueries* prepared_ = nullptr;
  SearchStats stats_;
};

}  // namespace

SearchStats search_growing(const GrowingRows& rows, MatrixView queries, const SearchParams& params,
                           GrowingScratch& scratch) {
  const std::uint32_t width = beam_width_of(params);
  const std::uint32_t widest = widened(width, most_that_count);
  if (rows.graph == nullptr || rows.graph->grown_entry_points().empty()) {
    return GrowingSearch(rows, queries, params, widest, scratch).run();
  }
  SearchParams wider = params;
  wider.beam_width = widened(width, rows.graph->grown_entry_points().size());
  return GrowingSearch(rows, queries, wider, widest, scratch).run();
}

}  // namespace rattan
