#include "index/scan4_index.h"

#include <algorithm>

#include "core/build_timer.h"
#include "core/check.h"
#include "index/identity.h"
#include "index/widths.h"

namespace rattan {

// See search_by_scan.
struct Scan4Index::CodePass {
  const Scorer& scorer;
  CodeScorer code_scorer;
  std::uint32_t k;
  std::uint32_t rerank;

  void prepare(MatrixView group, const SearchParams&, Scratch& scratch) const {
    scorer.prepare(group, scratch.queries);
    code_scorer.prepare(group, scratch.code_queries);
    scratch.beams.resize(group.rows);
    for (std::size_t i = 0; i < group.rows; ++i) {
      scratch.beams[i].reset(rerank, scratch.code_queries.lowest(i), scratch.code_queries.highest(i));
    }
  }
  void pass(IdRange range, Scratch& scratch) const {
    code_scan(code_scorer, scratch.code_queries, range, scratch.beams, scratch.codes);
  }
  void merge(const Scratch& from, Scratch& into) const {
    for (std::size_t i = 0; i < into.beams.size(); ++i) into.beams[i].merge(from.beams[i]);
  }
  SearchStats finish(std::size_t first_row, IdRange range, Scratch& scratch, NeighborTable& table) const {
    scratch.rerank.start(scorer);
    for (const BucketBeam& beam : scratch.beams) scratch.rerank.add_kept(beam, rerank);
    SearchStats stats;
    stats.keys_scored = scratch.rerank.finish(scratch.queries, k, scratch.results);
    write_rows(scratch.results, first_row, table);
    stats.codes_scored = range.end - range.begin;
    stats.code_bytes = stats.codes_scored * code_scorer.codes().row_bytes();
    stats.bytes_read = stats.code_bytes + stats.keys_scored * scorer.keys().row_bytes();
    return stats;
  }
};

Scan4Index::Scan4Index(SharedMatrix keys, Metric metric, Executor* executor)
    : Index(std::move(keys), metric, executor), scorer_(this->keys(), metric) {
  if (metric == Metric::inner_product) codes_.emplace(this->keys(), CodeLayout::blocks4, executor_or_default(executor));
}

MemoryUse Scan4Index::memory() const {
  if (!codes_) return {};
  return {{{"codes", codes_->bytes()}}};
}

std::size_t scan4_bytes(std::size_t keys, std::size_t dim, Metric metric) noexcept {
  return metric == Metric::inner_product ? KeyCodes::bytes_for(keys, dim, CodeLayout::blocks4) : 0;
}

std::string Scan4Index::describe() const {
  return message("metric: ", to_string(metric()), "\ncode bits: ", codes_ ? 4 : 0, "\n");
}

void Scan4Index::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  const IdRange range = scanned_range(params, size());
  if (!codes_ || params.rerank == 0U || scan_rerank_of(params) >= range.end - range.begin) {
    search_by_scan(ExactPass{scorer_}, queries, params, range, table, scratches_);
  } else {
    const CodeScorer code_scorer(*codes_, scorer_.kernels());
    search_by_scan(CodePass{scorer_, code_scorer, params.k, scan_rerank_of(params)}, queries, params, range, table,
                   scratches_);
  }
}

// Codes are made anew from the keys: they are as fast to make as to verify.
void Scan4Index::write_sections(ContainerWriter&) const {}

std::unique_ptr<Index> build_scan4(SharedMatrix keys, Metric metric, const Scan4BuildParams& params,
                                   BuildStats* stats) {
  BuildTimer timer(stats);
  auto index = std::make_unique<Scan4Index>(std::move(keys), metric, params.executor);
  timer.stage("codes");
  return index;
}

std::unique_ptr<Index> open_scan4(const Container&, SharedMatrix keys, Metric metric) {
  return std::make_unique<Scan4Index>(std::move(keys), metric);
}

}  // namespace rattan
