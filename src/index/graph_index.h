// The kind "graph": Rattan's own. build_graph makes it from prefill queries' links; any other Graph over the keys can
// be searched with it too.
#pragma once

#include <memory>

#include "graph/graph.h"
#include "graph/walk.h"
#include "index/search_groups.h"
#include "rattan/index.h"
#include "scan/flat_scan.h"
#include "scan/scorer.h"
#include "storage/container.h"

namespace rattan {

// The rows of a group walk together and read each key once. Where beam or k reach the number of keys, a walk would read
// everything in a worse order: those searches are exact scans.
class GraphIndex final : public Index {
 public:
  // `graph` has one node per key; its ids are trusted.
  GraphIndex(SharedMatrix keys, Metric metric, Graph graph, Executor* executor = nullptr);

  std::string_view kind() const noexcept override { return "graph"; }
  MemoryUse memory() const override;
  std::string describe() const override;
  const Graph& graph() const noexcept { return graph_; }

 private:
  struct Scratch {
    WalkScratch walk;
    FlatScratch scan;
  };

  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void save_checked(const std::filesystem::path& path) const override;
  SearchStats search_group(MatrixView queries, const SearchParams& params, Scratch& scratch) const;
  SearchStats scan_all(const SearchParams& params, Scratch& scratch) const;

  Graph graph_;
  Scorer scorer_;
  mutable ScratchPool<Scratch> scratches_;
};

std::unique_ptr<Index> open_graph(const Container& container, SharedMatrix keys, Metric metric);

}  // namespace rattan
