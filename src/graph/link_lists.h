// The links of all query heads of a KV head as one set of lists: the hyperedges the graph is projected from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/results.h"
#include "rattan/types.h"

namespace rattan {

// List i holds the distinct keys one training query links to, best first.
class LinkLists {
 public:
  // Unites the tables (queries are never averaged: src/DESIGN.md section 5). Lists are put in an order shuffled by
  // `seed`, so that any leading part of them is an even sample of positions and heads. Empty rows are left out.
  // Throws Error(invalid_argument) naming table, row and id for an id >= keys or one that stands twice in its row.
  LinkLists(std::span<const NeighborTable> tables, std::size_t keys, std::uint64_t seed);

  std::size_t size() const noexcept { return offsets_.size() - 1; }
  std::size_t keys() const noexcept { return keys_; }
  std::size_t longest() const noexcept { return longest_; }
  std::span<const KeyId> operator[](std::size_t i) const noexcept {
    return {ids_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }

 private:
  std::size_t keys_;
  std::size_t longest_ = 0;
  std::vector<std::size_t> offsets_;
  std::vector<KeyId> ids_;
};

}  // namespace rattan
