// Adjacency while it grows: room for `capacity` edges per key in one array.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/types.h"

namespace rattan {

class EdgeTable {
 public:
  EdgeTable(std::size_t keys, std::uint32_t capacity)
      : capacity_(capacity), degrees_(keys, 0), ids_(keys * capacity, no_key) {}

  std::size_t keys() const noexcept { return degrees_.size(); }
  std::uint32_t capacity() const noexcept { return capacity_; }
  bool full(KeyId key) const noexcept { return degrees_[key] == capacity_; }

  std::span<const KeyId> operator[](KeyId key) const noexcept {
    return {ids_.data() + std::size_t{key} * capacity_, degrees_[key]};
  }

  // Where the edges of `key` begin in arrays that run beside this one (keys * capacity entries).
  std::size_t slot(KeyId key) const noexcept { return std::size_t{key} * capacity_; }

  bool has(KeyId from, KeyId to) const noexcept {
    const auto edges = (*this)[from];
    return std::find(edges.begin(), edges.end(), to) != edges.end();
  }

  // Returns false, and nothing happens, if the edge is there or `from` is full.
  bool add(KeyId from, KeyId to) noexcept {
    if (full(from) || has(from, to)) return false;
    ids_[slot(from) + degrees_[from]++] = to;
    return true;
  }

 private:
  std::uint32_t capacity_;
  std::vector<std::uint32_t> degrees_;
  std::vector<KeyId> ids_;
};

}  // namespace rattan
