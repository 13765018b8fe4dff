// The kind "ivf": k-means lists. FAISS trains the centroids (src/DESIGN.md section 5), Rattan's kernels assign and
// scan, so that a comparison with the graph compares algorithms.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/top_k.h"
#include "index/baselines/ivf_lists.h"
#include "index/search_groups.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"
#include "storage/container.h"

namespace rattan {

// A search scores all centroids, picks the `probes` best lists of each row and scans the union of the group's lists
// once, every key for all rows. Lists without candidates are passed over, and more lists are picked until they hold k
// of them. Few candidates of many keys are scanned without a look at the lists. Keys are borrowed, so a list's keys are
// read where they lie; a copy in list order would be faster in time and is no different in keys read.
// SearchParams::start_keys are ignored: nothing walks.
class IvfIndex final : public Index {
 public:
  IvfIndex(const CheckedMatrix& keys, Metric metric, const IvfBuildParams& params, detail::TrainCentroids train,
           BuildStats* stats);
  IvfIndex(const CheckedMatrix& keys, Metric metric, IvfLists lists);

  std::string_view kind() const noexcept override { return "ivf"; }
  MemoryUse memory() const override;
  std::string describe() const override;

  const IvfLists& lists() const noexcept { return lists_; }
  // What an unset SearchParams::probes means: an eighth of the lists, but at least 8.
  std::uint32_t default_probes() const noexcept;

 private:
  struct Scratch {
    PreparedQueries queries;
    PreparedQueries coarse_queries;
    std::vector<const void*> rows;
    std::vector<float> scores;
    std::vector<std::uint32_t> positions;
    std::vector<TopK> best;
    TopK nearest;
    std::vector<std::span<const KeyId>> lists;  // their candidates
    std::vector<std::uint8_t> probed;           // by list
    FlatScratch flat;
  };

  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;
  SearchStats search_group(MatrixView queries, const SearchParams& params, Scratch& scratch) const;
  void pick_lists(MatrixView queries, std::uint32_t probes, std::size_t wanted, Scratch& scratch,
                  SearchStats& stats) const;
  void probe_best(std::span<const float> scores, std::size_t probes, std::size_t wanted, Scratch& scratch) const;
  void scan_list(std::span<const KeyId> ids, Scratch& scratch, SearchStats& stats) const;

  IvfLists lists_;
  Scorer scorer_;
  Scorer coarse_;  // over the centroids
  mutable Pool<Scratch> scratches_;
};

std::unique_ptr<Index> open_ivf(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&);

}  // namespace rattan
