// The kind "hnsw": hnswlib inserts the keys with Rattan's distance, then its links are copied out and its own storage
// is dropped. Keys stay borrowed, saved files go through Rattan's container, and the search scores whole lists at a
// time.
#pragma once

#include <memory>

#include "index/baselines/builders.h"
#include "index/baselines/hnsw_layers.h"
#include "index/baselines/hnsw_search.h"
#include "index/search_groups.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "scan/scorer.h"
#include "storage/container.h"

namespace rattan {

// Rows of a group are searched one after the other and share nothing: a key that two of them read counts twice. With
// SearchParams::start_keys, the walk on the lowest layer starts from them too. Where few keys are candidates, or a walk
// has led to fewer than k of them, they are scanned instead.
class HnswIndex final : public Index {
 public:
  HnswIndex(const CheckedMatrix& keys, Metric metric, const HnswBuildParams& params, detail::InsertKeys insert,
            BuildStats* stats);
  HnswIndex(const CheckedMatrix& keys, Metric metric, HnswLayers layers);

  std::string_view kind() const noexcept override { return "hnsw"; }
  MemoryUse memory() const override;
  std::string describe() const override;

  // What an unset SearchParams::beam_width means.
  static std::uint32_t default_beam_width(std::uint32_t k) noexcept { return 2 * k; }
  // The lowest layer is a Graph that the group walk can run on, started from layers().entry.
  const HnswLayers& layers() const noexcept { return layers_; }

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;

  HnswLayers layers_;
  Scorer scorer_;
  mutable Pool<HnswScratch> scratches_;
};

std::unique_ptr<Index> open_hnsw(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&);

}  // namespace rattan
