// The kind "flat": every key is scored. Exact, and the yardstick of every other kind.
#pragma once

#include <memory>

#include "index/search_rows.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "storage/container.h"

namespace rattan {

// One pass over the candidates for all rows of a group. Groups run in parallel; where there are fewer groups than
// workers, the workers share each pass. SearchParams::start_keys and all widths are ignored: nothing is left out.
class FlatIndex final : public Index {
 public:
  FlatIndex(const CheckedMatrix& keys, Metric metric) : Index(keys, metric), rows_(Scorer(this->keys(), metric)) {}

  std::string_view kind() const noexcept override { return "flat"; }
  MemoryUse memory() const override { return {}; }
  std::string describe() const override;

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;

  SearchRows rows_;
  mutable Pool<SearchScratch> scratches_;
};

std::unique_ptr<Index> open_flat(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&);

}  // namespace rattan
