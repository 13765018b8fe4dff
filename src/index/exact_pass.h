// An exact pass over the keys, as search_by_scan wants it.
#pragma once

#include <vector>

#include "core/top_k.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"

namespace rattan {

inline void write_rows(std::vector<TopK>& results, std::size_t first_row, NeighborTable& table) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    write_row(results[i].sorted(), table.ids(first_row + i), table.scores(first_row + i));
  }
}

struct ExactPass {
  // What a pass needs of a scratch; scratches derive from it.
  struct Scratch {
    PreparedQueries queries;
    FlatScratch flat;
    std::vector<TopK> best;
  };

  const Scorer& scorer;

  void prepare(MatrixView group, const SearchParams& params, Scratch& scratch) const {
    scorer.prepare(group, scratch.queries);
    scratch.best.resize(group.rows);
    for (TopK& best : scratch.best) best.reset(params.k);
  }
  void pass(IdRange range, Scratch& scratch) const {
    flat_scan(scorer, scratch.queries, range, scratch.best, scratch.flat);
  }
  // The order of neighbours is total: the best of two bests do not depend on who scanned what.
  void merge(Scratch& from, Scratch& into) const {
    for (std::size_t i = 0; i < into.best.size(); ++i) {
      for (const Neighbor& neighbor : from.best[i].best()) into.best[i].push(neighbor.score, neighbor.id);
    }
  }
  SearchStats finish(std::size_t first_row, IdRange range, Scratch& scratch, NeighborTable& table) const {
    write_rows(scratch.best, first_row, table);
    SearchStats stats;
    stats.keys_scored = range.end - range.begin;
    stats.bytes_read = stats.keys_scored * scorer.keys().row_bytes();
    return stats;
  }
};

}  // namespace rattan
