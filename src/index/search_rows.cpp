#include "index/search_rows.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "index/scan_groups.h"
#include "index/search_groups.h"
#include "index/widths.h"

namespace rattan {
namespace {

// Calls visit(range) for what `hidden` leaves of `range`.
template <typename Visit>
void each_shown(IdRange range, IdRange hidden, const Visit& visit) {
  if (hidden.begin >= hidden.end) hidden = {range.end, range.end};
  const IdRange before{range.begin, std::min(range.end, hidden.begin)};
  const IdRange behind{std::max(range.begin, hidden.end), range.end};
  if (before.begin < before.end) visit(before);
  if (behind.begin < behind.end) visit(behind);
}

std::uint64_t count_shown(IdRange range, IdRange hidden) {
  std::uint64_t count = 0;
  each_shown(range, hidden, [&](IdRange shown) { count += shown.end - shown.begin; });
  return count;
}

// Calls visit(first, count) for each part of a group of `rows` query rows.
template <typename Visit>
void each_part(std::size_t rows, const Visit& visit) {
  std::size_t first = 0;
  for (std::size_t parts = (rows + RowSearch::most_together - 1) / RowSearch::most_together; parts > 0; --parts) {
    const std::size_t count = (rows - first + parts - 1) / parts;
    visit(first, count);
    first += count;
  }
}

// Leaves the part's results in `gathered`, from `first` on; both keep their buffers.
void gather(SearchScratch& scratch, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) std::swap(scratch.gathered[first + i], scratch.results[i]);
}

void reserve(std::vector<BucketBeam>& beams, std::size_t heads, std::size_t entries) {
  if (beams.size() < heads) beams.resize(heads);
  for (BucketBeam& beam : beams) beam.reserve(entries);
}

}  // namespace

RowSearch::RowSearch(const SearchRows& rows, const SearchParams& params)
    : rows_(rows),
      params_(params),
      candidates_(scanned_range(params, rows.scorer.keys().rows())),
      sealed_(scanned_range(params, rows.sealed)) {
  if (rows.graph) {
    params_.beam_width = widened_beam(beam_width_of(params), rows.graph->grown_entry_points().size());
  }
  const std::uint64_t wanted = count_shown(sealed_, rows.hidden);
  walked_ = beam_among(beam_width_of(params_), wanted, rows.sealed);
  widest_ = beam_among(widest_beam(beam_width_of(params)), wanted, rows.sealed);
  if (!params.row_widths.empty()) {
    largest_row_width_ = *std::ranges::max_element(params.row_widths);
    widest_ = WalkParams::scaled_width(widest_, largest_row_width_);
  }
  plan_ = choose_plan();
  const bool uses_codes = rows.codes && params_.rerank != 0U;
  if (uses_codes && (rows.graph || plan_ == Plan::scan_codes)) codes_.emplace(*rows.codes, rows.scorer.kernels());
}

RowSearch::Plan RowSearch::choose_plan() const {
  const std::uint64_t keys = count_shown(sealed_, rows_.hidden);
  const bool uses_codes = rows_.codes && params_.rerank != 0U;
  if (rows_.graph) {
    if (params_.k >= keys || scan_beats_walk(keys, rows_.sealed, beam_width_of(params_))) return Plan::scan_keys;
    return uses_codes ? Plan::walk_codes : Plan::walk_keys;
  }
  const std::size_t read = scan_rerank_of(params_) + (uses_codes ? rows_.codes->outliers() : 0);
  return uses_codes && read < keys ? Plan::scan_codes : Plan::scan_keys;
}

SearchStats RowSearch::run(MatrixView group, SearchScratch& scratch) const {
  if (!scans()) return walk_group(group, scratch);
  prepare(group, scratch);
  pass(range(), scratch);
  return finish(scratch);
}

void RowSearch::prepare(MatrixView group, SearchScratch& scratch) const {
  scratch.group = group;
  rows_.scorer.prepare(group, scratch.queries);
  if (codes_) codes_->prepare(group, scratch.code_queries);
  reserve(group.rows, scratch);
  if (plan_ == Plan::scan_keys) {
    scratch.results.resize(group.rows);
    for (TopK& best : scratch.results) best.reset(params_.k);
  } else if (plan_ == Plan::scan_codes) {
    scratch.code_beams.resize(group.rows);
    for (std::size_t i = 0; i < group.rows; ++i) {
      const PreparedCodeQueries& queries = scratch.code_queries;
      scratch.code_beams[i].reset(scan_rerank_of(params_), queries.lowest(i), queries.highest(i));
    }
  }
}

// A later search should not be the first that needs more memory, also when there are more rows and wider beams, or when
// it walks where few keys were scanned.
void RowSearch::reserve(std::size_t rows, SearchScratch& scratch) const {
  if (plan_ == Plan::scan_codes) reserve_code_beams(rows, scan_rerank_of(params_), scan_rerank_of(params_), scratch);
  if (!rows_.graph) return;
  const std::size_t heads = std::min(rows, most_together);
  scratch.WalkScratch::reserve(rows_.capacity, largest_round(heads), heads);
  const std::uint32_t rerank =
      std::max({WalkParams::scaled_width(walk_rerank_of(params_), largest_row_width_), params_.k, widest_});
  if (codes_) reserve_code_beams(heads, widest_, rerank, scratch);
}

// A beam sees every key once at most, and few see more than sixteen keys for one that they keep. Beyond that memory
// grows as vectors do.
void RowSearch::reserve_code_beams(std::size_t heads, std::size_t beam_width, std::size_t rerank,
                                   SearchScratch& scratch) const {
  const auto entries = [&](std::size_t width) { return std::min(rows_.capacity, 16 * width + 4096); };
  rattan::reserve(scratch.code_beams, heads, entries(beam_width));
  if (rows_.graph) rattan::reserve(scratch.offered, heads, entries(rerank));
  const std::size_t read = std::min(rerank + rows_.codes->outliers(), rows_.capacity);
  scratch.rerank.reserve(rows_.capacity, std::min(heads, most_together), read, entries(rerank));
}

// Keys that a round of a walk reads at most. The first reads all entry points, of segments to come too: by doubling.
std::size_t RowSearch::largest_round(std::size_t heads) const {
  constexpr std::size_t named_at_once = 4;  // by a head of a code walk; the other names one
  const GraphView& graph = *rows_.graph;
  const std::size_t first =
      graph.base_entry_points().size() + graph.grown_entry_points().size() + params_.start_keys.size();
  const std::size_t later = named_at_once * heads * graph.stride();
  return std::bit_ceil(std::max<std::size_t>({2048, 2 * first, later}));
}

SearchStats RowSearch::walk_group(MatrixView group, SearchScratch& scratch) const {
  WalkParams walk_params;
  walk_params.beam_width = walked_;
  walk_params.row_widths = params_.row_widths;
  walk_params.expansions = params_.expansions.value_or(0);
  walk_params.start_keys = params_.start_keys;
  walk_params.candidate_range = params_.candidate_range;
  walk_params.hidden = rows_.hidden;
  SearchStats stats;
  if (group.rows <= most_together) {
    prepare(group, scratch);
    stats = walk_rows(walk_params, scratch);
    scratch.found = scratch.results;
  } else {
    scratch.counted.reset(rows_.scorer.keys().rows());
    scratch.counted_codes.reset(rows_.sealed);
    walk_params.counted = &scratch.counted;
    walk_params.counted_codes = &scratch.counted_codes;
    scratch.gathered.resize(group.rows);
    each_part(group.rows, [&](std::size_t first, std::size_t count) {
      prepare(group.slice(first, count), scratch);
      if (!params_.row_widths.empty()) walk_params.row_widths = params_.row_widths.subspan(first, count);
      stats += walk_rows(walk_params, scratch);
      gather(scratch, first, count);
    });
    scratch.found = scratch.gathered;
    rows_.scorer.prepare(group, scratch.queries);  // of all rows, for the unsealed
  }
  scan_unsealed(scratch, stats);
  if (lacks_results(scratch)) scan_instead(scratch, stats);
  return stats;
}

SearchStats RowSearch::walk_rows(const WalkParams& walk_params, SearchScratch& scratch) const {
  return codes_
             ? code_walk(rows_.scorer, *codes_, *rows_.graph, walk_params, walk_rerank_of(params_), params_.k, scratch)
             : walk(rows_.scorer, *rows_.graph, walk_params, params_.k, scratch);
}

bool RowSearch::lacks_results(SearchScratch& scratch) const {
  const std::uint64_t wanted = std::min<std::uint64_t>(params_.k, count_shown(candidates_, rows_.hidden));
  return std::ranges::any_of(scratch.found, [&](TopK& best) { return best.best().size() < wanted; });
}

// A tight limit of expansions or a graph in pieces led to few. Keys that the walk has read already count once.
void RowSearch::scan_instead(SearchScratch& scratch, SearchStats& stats) const {
  std::uint64_t again = stats.keys_scored;  // by code it reads candidates alone in full
  if (!codes_) {
    const KeyMarks& read = scratch.found.size() <= most_together ? scratch.seen : scratch.counted;
    again = count_shown(candidates_, rows_.hidden);
    each_shown(sealed_, rows_.hidden, [&](IdRange shown) {
      for (KeyId id = shown.begin; id < shown.end; ++id) again -= read.test(id) ? 0 : 1;
    });
  }
  for (TopK& best : scratch.found) best.reset(params_.k);
  scan_keys(candidates_, scratch.found, scratch);
  count_scanned_keys(candidates_, stats);
  stats.keys_scored -= again;
}

void RowSearch::pass(IdRange range, SearchScratch& scratch) const {
  if (plan_ == Plan::scan_keys) {
    scan_keys(range, scratch.results, scratch);
    return;
  }
  each_shown(range, rows_.hidden, [&](IdRange shown) {
    code_scan(*codes_, scratch.code_queries, shown, scratch.code_beams, scratch.code_scan);
  });
}

// The order of neighbours is total, and beams keep ties: what is best of two passes does not depend on who saw what.
void RowSearch::merge(SearchScratch& from, SearchScratch& into) const {
  if (plan_ == Plan::scan_codes) {
    for (std::size_t i = 0; i < into.code_beams.size(); ++i) into.code_beams[i].merge(from.code_beams[i]);
    return;
  }
  for (std::size_t i = 0; i < into.results.size(); ++i) {
    for (const Neighbor& neighbor : from.results[i].best()) into.results[i].push(neighbor.score, neighbor.id);
  }
}

SearchStats RowSearch::finish(SearchScratch& scratch) const {
  SearchStats stats;
  if (plan_ == Plan::scan_keys) {
    count_scanned_keys(candidates_, stats);
    scratch.found = scratch.results;
    return stats;
  }
  stats = read_in_full(scratch);
  stats.codes_scored = count_shown(sealed_, rows_.hidden);
  stats.code_bytes = stats.codes_scored * codes_->codes().row_bytes();
  stats.bytes_read += stats.code_bytes;
  scan_unsealed(scratch, stats);
  return stats;
}

// What is best by code, and the keys of which codes say nothing.
SearchStats RowSearch::read_in_full(SearchScratch& scratch) const {
  SearchStats stats;
  const std::span<const BucketBeam> beams = scratch.code_beams;
  const auto read = [&](std::size_t first, std::size_t count, const PreparedQueries& queries) {
    scratch.rerank.start(rows_.scorer);
    for (const BucketBeam& beam : beams.subspan(first, count)) scratch.rerank.add_kept(beam, scan_rerank_of(params_));
    codes_->codes().each_outlier(sealed_, [&](KeyId key) {
      if (!rows_.hidden.contains(key)) scratch.rerank.add(key);
    });
    const std::size_t keys = scratch.rerank.finish(queries, params_.k, scratch.results);
    stats.bytes_read += keys * rows_.scorer.keys().row_bytes();
    return keys;
  };
  if (beams.size() <= most_together) {
    stats.keys_scored = read(0, beams.size(), scratch.queries);
    scratch.found = scratch.results;
    return stats;
  }
  scratch.counted.reset(rows_.scorer.keys().rows());
  scratch.gathered.resize(beams.size());
  each_part(beams.size(), [&](std::size_t first, std::size_t count) {
    rows_.scorer.prepare(scratch.group.slice(first, count), scratch.part_queries);
    read(first, count, scratch.part_queries);
    stats.keys_scored += scratch.counted.set_new(scratch.rerank.keys());
    gather(scratch, first, count);
  });
  scratch.found = scratch.gathered;
  return stats;
}

void RowSearch::scan_keys(IdRange range, std::span<TopK> best, SearchScratch& scratch) const {
  each_shown(range, rows_.hidden,
             [&](IdRange shown) { flat_scan(rows_.scorer, scratch.queries, shown, best, scratch.flat); });
}

void RowSearch::scan_unsealed(SearchScratch& scratch, SearchStats& stats) const {
  const IdRange unsealed{std::max(candidates_.begin, static_cast<KeyId>(rows_.sealed)), candidates_.end};
  scan_keys(unsealed, scratch.found, scratch);
  count_scanned_keys(unsealed, stats);
}

void RowSearch::count_scanned_keys(IdRange range, SearchStats& stats) const {
  const std::uint64_t keys = count_shown(range, rows_.hidden);
  stats.keys_scored += keys;
  stats.bytes_read += keys * rows_.scorer.keys().row_bytes();
}

void search_rows(const SearchRows& rows, MatrixView queries, const SearchParams& params, NeighborTable& table,
                 Pool<SearchScratch>& pool) {
  const RowSearch search(rows, params);
  if (search.scans()) {
    search_by_scan(search, queries, params, table, pool);
  } else {
    search_groups(queries, params, table, pool, [&](MatrixView group, std::size_t first_row, SearchScratch& scratch) {
      const SearchStats stats = search.run(group, scratch);
      write_rows(scratch.found, first_row, table);
      return stats;
    });
  }
}

}  // namespace rattan
