// The kind "scan4": 4-bit codes of all keys are scored, the best by code are read in full. The kind for short contexts:
// nothing is learnt, and a new key is one more code.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "index/search_rows.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "scan/key_codes.h"
#include "storage/container.h"

namespace rattan {

// SearchParams::rerank best keys by code of each row are read in full, those of a group once. With rerank 0, with
// Metric::l2 or where as many keys are asked as there are, the search is an exact scan. Seeds and widths are ignored.
class Scan4Index final : public Index {
 public:
  Scan4Index(const CheckedMatrix& keys, Metric metric, Executor& executor);

  std::string_view kind() const noexcept override { return "scan4"; }
  MemoryUse memory() const override;
  std::string describe() const override;
  const std::optional<KeyCodes>& codes() const noexcept { return codes_; }

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;

  std::optional<KeyCodes> codes_;  // not with l2
  SearchRows rows_;
  mutable Pool<SearchScratch> scratches_;
};

// What memory() of an index of so many keys will be.
std::size_t scan4_bytes(std::size_t keys, std::size_t dim, Metric metric) noexcept;

// build_scan4 of keys that were checked.
std::unique_ptr<Index> build_scan4(const CheckedMatrix& keys, Metric metric, const Scan4BuildParams& params,
                                   BuildStats* stats);

std::unique_ptr<Index> open_scan4(const Container& container, const CheckedMatrix& keys, Metric metric,
                                  Executor& executor);

}  // namespace rattan
