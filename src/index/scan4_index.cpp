#include "index/scan4_index.h"

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"

namespace rattan {

Scan4Index::Scan4Index(const CheckedMatrix& keys, Metric metric, Executor& executor)
    : Index(keys, metric), rows_(Scorer(this->keys(), metric)) {
  if (metric != Metric::inner_product) return;
  codes_.emplace(this->keys(), CodeLayout::blocks4, executor);
  rows_.codes.emplace(*codes_);
}

MemoryUse Scan4Index::memory() const {
  if (!codes_) return {};
  return {{{"codes", codes_->bytes()}}};
}

std::size_t scan4_bytes(std::size_t keys, std::size_t dim, Metric metric) noexcept {
  return metric == Metric::inner_product ? KeyCodes::bytes_for(keys, dim, CodeLayout::blocks4) : 0;
}

std::string Scan4Index::describe() const {
  return message("metric: ", to_string(metric()), "\ncode bits: ", codes_ ? 4 : 0,
                 "\noutliers: ", codes_ ? SplitCodes(*codes_).outliers() : 0, "\n");
}

void Scan4Index::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_rows(rows_, queries, params, table, scratches_);
}

// Codes are made anew from the keys: they are as fast to make as to verify.
void Scan4Index::write_sections(ContainerWriter&) const {}

std::unique_ptr<Index> build_scan4(SharedMatrix keys, Metric metric, const Scan4BuildParams& params,
                                   BuildStats* stats) {
  return build_scan4(CheckedMatrix(std::move(keys), "keys", executor_or_default(params.executor)), metric, params,
                     stats);
}

std::unique_ptr<Index> build_scan4(const CheckedMatrix& keys, Metric metric, const Scan4BuildParams& params,
                                   BuildStats* stats) {
  BuildTimer timer(stats);
  auto index = std::make_unique<Scan4Index>(keys, metric, executor_or_default(params.executor));
  timer.stage("codes");
  return index;
}

std::unique_ptr<Index> open_scan4(const Container&, const CheckedMatrix& keys, Metric metric, Executor& executor) {
  return std::make_unique<Scan4Index>(keys, metric, executor);
}

}  // namespace rattan
