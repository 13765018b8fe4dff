#include "index/scan4_index.h"

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"

namespace rattan {

Scan4Index::Scan4Index(SharedMatrix keys, Metric metric, Executor* executor)
    : Index(std::move(keys), metric, executor), rows_(Scorer(this->keys(), metric)) {
  if (metric != Metric::inner_product) return;
  codes_.emplace(this->keys(), CodeLayout::blocks4, executor_or_default(executor));
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
  return message("metric: ", to_string(metric()), "\ncode bits: ", codes_ ? 4 : 0, "\n");
}

void Scan4Index::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_rows(rows_, queries, params, table, scratches_);
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
