// The kind "graph": Rattan's own. build_graph makes it from prefill queries' links; any other Graph over the keys can
// be searched with it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "graph/graph.h"
#include "index/search_rows.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "scan/key_codes.h"
#include "storage/container.h"

namespace rattan {

// The rows of a group walk together; they score codes and read the best keys in full, or, without codes, every key
// once. Where beam or k reach the number of keys, or few keys are candidates, a walk would cost more than reading them:
// those searches are exact scans.
class GraphIndex final : public Index {
 public:
  // `graph` has one node per key; its ids are trusted. code_bits: as in GraphBuildParams.
  GraphIndex(const CheckedMatrix& keys, Metric metric, Graph graph, std::uint32_t code_bits = 0,
             Executor* executor = nullptr);

  std::string_view kind() const noexcept override { return "graph"; }
  MemoryUse memory() const override;
  std::string describe() const override;
  const Graph& graph() const noexcept { return graph_; }
  const std::optional<KeyCodes>& codes() const noexcept { return codes_; }

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;

  Graph graph_;
  std::optional<KeyCodes> codes_;
  SearchRows rows_;
  mutable Pool<SearchScratch> scratches_;
};

// What memory() of an index that build_graph makes of so many keys will be.
std::size_t graph_bytes(std::size_t keys, std::size_t dim, Metric metric, const GraphBuildParams& params) noexcept;

// build_graph of keys that were checked.
std::unique_ptr<Index> build_graph(const CheckedMatrix& keys, std::span<const NeighborTable> links, Metric metric,
                                   const GraphBuildParams& params, BuildStats* stats);

std::unique_ptr<Index> open_graph(const Container& container, const CheckedMatrix& keys, Metric metric,
                                  Executor& executor);

}  // namespace rattan
