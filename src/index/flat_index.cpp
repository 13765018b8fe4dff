#include "index/flat_index.h"

#include "core/check.h"
#include "index/identity.h"
#include "index/scan_groups.h"

namespace rattan {
FlatIndex::FlatIndex(SharedMatrix keys, Metric metric)
    : Index(std::move(keys), metric), scorer_(this->keys(), metric) {}

std::string FlatIndex::describe() const { return message("metric: ", to_string(metric()), "\n"); }

void FlatIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_by_scan(ExactPass{scorer_}, queries, params, scanned_range(params, size()), table, scratches_);
}

// The keys are all there is.
void FlatIndex::write_sections(ContainerWriter&) const {}

std::unique_ptr<Index> build_flat(SharedMatrix keys, Metric metric) {
  return std::make_unique<FlatIndex>(std::move(keys), metric);
}

std::unique_ptr<Index> open_flat(const Container&, SharedMatrix keys, Metric metric) {
  return std::make_unique<FlatIndex>(std::move(keys), metric);
}

}  // namespace rattan
