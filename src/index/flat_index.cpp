#include "index/flat_index.h"

#include "core/check.h"
#include "index/identity.h"

namespace rattan {
FlatIndex::FlatIndex(SharedMatrix keys, Metric metric)
    : Index(std::move(keys), metric), rows_(Scorer(this->keys(), metric)) {}

std::string FlatIndex::describe() const { return message("metric: ", to_string(metric()), "\n"); }

void FlatIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_rows(rows_, queries, params, table, scratches_);
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
