#include "index/flat_index.h"

#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"

namespace rattan {

std::string FlatIndex::describe() const { return message("metric: ", to_string(metric()), "\n"); }

void FlatIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_rows(rows_, queries, params, table, scratches_);
}

// The keys are all there is.
void FlatIndex::write_sections(ContainerWriter&) const {}

std::unique_ptr<Index> build_flat(SharedMatrix keys, Metric metric, Executor* executor) {
  return std::make_unique<FlatIndex>(CheckedMatrix(std::move(keys), "keys", executor_or_default(executor)), metric);
}

std::unique_ptr<Index> open_flat(const Container&, const CheckedMatrix& keys, Metric metric, Executor&) {
  return std::make_unique<FlatIndex>(keys, metric);
}

}  // namespace rattan
