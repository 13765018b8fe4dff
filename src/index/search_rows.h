// The one search of every kind that has keys, perhaps codes of them, perhaps a graph over them. The rows may grow
// behind those that an index was built over: a static index is a growing one to which nothing was appended.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/key_marks.h"
#include "core/pool.h"
#include "core/top_k.h"
#include "graph/code_walk.h"
#include "graph/graph_view.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "scan/code_scan.h"
#include "scan/code_scorer.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"
#include "scan/split_codes.h"

namespace rattan {

// What a search may touch. Ids are rows of the scorer's keys: the sealed ones, then the unsealed.
struct SearchRows {
  explicit SearchRows(const Scorer& scorer_)
      : scorer(scorer_), sealed(scorer_.keys().rows()), capacity(scorer_.keys().rows()) {}

  Scorer scorer;
  std::size_t sealed;               // they have edges or codes, if there are any; the rows behind are scanned exactly
  std::size_t capacity;             // rows there may ever be; buffers are for as many
  IdRange hidden = {0, 0};          // rows that are never returned
  std::optional<GraphView> graph;   // over the sealed rows
  std::optional<SplitCodes> codes;  // of the sealed rows
};

// Buffers of a search; they grow once.
struct SearchScratch : CodeWalkScratch {
  std::span<TopK> found;  // one selector per query row, until the next search

  FlatScratch flat;
  CodeScanScratch code_scan;

  // Of a group that is searched in parts.
  MatrixView group;
  PreparedQueries part_queries;
  std::vector<TopK> gathered;  // by query row: the results of parts
  KeyMarks counted;
  KeyMarks counted_codes;
};

// How one group of query rows is searched. Candidates and start keys of `params` are rows; start keys are sealed ones.
// Any number of threads may use it, each with a scratch of its own. Lives no longer than `rows`.
//
// The k best keys of each query row are found among the sealed rows by walk or by code, among the unsealed ones
// exactly. Where that would cost more than reading the candidates, all of them are scanned instead; so they are where a
// walk has led to fewer than k of them. A row gets as many results as there are candidates, k at most, but for scores
// that overflow to NaN.
//
// Larger groups than most_together are cut into parts as even as can be. A scan passes over keys and codes once for all
// of them. Walks, and reading in full what is good by code, are a part's own: each further row would be scored against
// the keys of all the others. Keys and codes that several parts read count once, their bytes each time.
class RowSearch {
 public:
  static constexpr std::size_t most_together = 8;

  RowSearch(const SearchRows& rows, const SearchParams& params);

  SearchStats run(MatrixView group, SearchScratch& scratch) const;

  // A search that scans may be cut into passes, each with a scratch that has been prepared for the group. The passes
  // cover range() together; the scratches are merged into one, which is finished. Results do not depend on the cuts.
  bool scans() const noexcept { return plan_ == Plan::scan_keys || plan_ == Plan::scan_codes; }
  IdRange range() const noexcept { return plan_ == Plan::scan_codes ? sealed_ : candidates_; }
  void prepare(MatrixView group, SearchScratch& scratch) const;
  void pass(IdRange range, SearchScratch& scratch) const;
  void merge(SearchScratch& from, SearchScratch& into) const;
  SearchStats finish(SearchScratch& scratch) const;

 private:
  enum class Plan { scan_keys, scan_codes, walk_keys, walk_codes };

  Plan choose_plan() const;
  void reserve(std::size_t rows, SearchScratch& scratch) const;
  void reserve_code_beams(std::size_t heads, std::size_t beam_width, std::size_t rerank, SearchScratch& scratch) const;
  std::size_t largest_round(std::size_t heads) const;
  SearchStats walk_group(MatrixView group, SearchScratch& scratch) const;
  SearchStats walk_rows(const WalkParams& walk_params, SearchScratch& scratch) const;
  bool lacks_results(SearchScratch& scratch) const;
  void scan_instead(SearchScratch& scratch, SearchStats& stats) const;
  SearchStats read_in_full(SearchScratch& scratch) const;
  void scan_keys(IdRange range, std::span<TopK> best, SearchScratch& scratch) const;
  void scan_unsealed(SearchScratch& scratch, SearchStats& stats) const;
  void count_scanned_keys(IdRange range, SearchStats& stats) const;

  const SearchRows& rows_;
  SearchParams params_;   // with the width of the beam as it is behind the segments there are
  std::uint32_t walked_;  // the same among fewer candidates
  std::uint32_t widest_;  // as it may become: buffers are for as wide ones
  float largest_row_width_ = 1;
  IdRange candidates_;  // that exist
  IdRange sealed_;      // of them
  Plan plan_ = Plan::scan_keys;
  std::optional<CodeScorer> codes_;  // where the plan reads codes
};

// Searches every group of params.group query rows. Groups run in parallel. Where there are fewer groups than workers,
// the workers share each scan. `table` is as Index::search_checked gets it.
void search_rows(const SearchRows& rows, MatrixView queries, const SearchParams& params, NeighborTable& table,
                 Pool<SearchScratch>& pool);

}  // namespace rattan
