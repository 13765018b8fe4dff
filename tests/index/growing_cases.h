// Growing indexes over synthetic keys, and what a search of one must find, for the tests of growth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "index/growing_index.h"
#include "rattan/results.h"

namespace rattan::test {

using ScratchPointer = std::unique_ptr<GrowingIndex::Scratch, void (*)(GrowingIndex::Scratch*)>;

// "flat", "scan4" or "graph" over the first `rows` rows of `keys` (graph: 12 links from each of as many random
// queries).
std::shared_ptr<const Index> grown_base(std::string_view kind, const SharedMatrix& keys, std::size_t rows,
                                        Metric metric = Metric::inner_product, std::uint32_t code_bits = 4);

GrowthParams growth_params(std::size_t capacity);

// One search of all query rows, in groups of at most 8.
NeighborTable search_all(const GrowingIndex& index, const MatrixView& queries, const SearchParams& params);

// Share of the truth's keys that were found, by score.
double recall_of(const NeighborTable& found, const NeighborTable& truth);

}  // namespace rattan::test
