// Ids and scores coming out. Training links, ground truth and search results are the same type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rattan/types.h"

#pragma GCC visibility push(default)

namespace rattan {

// What one search cost. A key read once for several query heads of a group counts once.
struct SearchStats {
  std::uint64_t keys_scored = 0;     // distinct keys read in full: entry points, start keys and unsealed keys included
  std::uint64_t nodes_expanded = 0;  // graph: adjacency lists read; IVF: lists probed
  std::uint64_t centroids_scored = 0;  // coarse centroids or other vectors read that are not keys
  std::uint64_t codes_scored = 0;      // distinct keys scored by their code
  std::uint64_t code_bytes = 0;        // of bytes_read, those of codes
  std::uint64_t bytes_read = 0;        // keys, centroids, codes and adjacency

  SearchStats& operator+=(const SearchStats& other) noexcept;
};

namespace detail {
// Memory that nothing is written to before its owner does; large pieces lie in huge pages.
void* allocate_table(std::size_t bytes);
void free_table(void* memory, std::size_t bytes) noexcept;

template <typename T>
struct TableAllocator {
  using value_type = T;

  TableAllocator() = default;
  template <typename U>
  TableAllocator(const TableAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor): allocators rebind

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_table(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_table(memory, count * sizeof(T)); }
  void construct(T*) noexcept {}  // elements start without a value
  void construct(T* at, const T& value) noexcept { *at = value; }

  template <typename U>
  friend bool operator==(const TableAllocator&, const TableAllocator<U>&) noexcept {
    return true;
  }
};
}  // namespace detail

// rows x k ids and scores. Each row is sorted by descending score, ties by ascending id, without duplicates; a row
// with fewer than k neighbours ends in (no_key, -infinity).
class NeighborTable {
 public:
  NeighborTable() = default;
  NeighborTable(std::size_t rows, std::size_t k);  // filled with (no_key, -infinity)

  // For who writes every element: they have no value yet. Threads that write to their own rows first also share the
  // cost of getting the memory from the system, which for a large table is more than that of writing it.
  static NeighborTable unfilled(std::size_t rows, std::size_t k);
  std::size_t rows() const noexcept { return rows_; }
  std::size_t k() const noexcept { return k_; }

  std::span<KeyId> ids(std::size_t row) noexcept { return {ids_.data() + row * k_, k_}; }
  std::span<const KeyId> ids(std::size_t row) const noexcept { return {ids_.data() + row * k_, k_}; }
  std::span<float> scores(std::size_t row) noexcept { return {scores_.data() + row * k_, k_}; }
  std::span<const float> scores(std::size_t row) const noexcept { return {scores_.data() + row * k_, k_}; }

  // Neighbours of `row` that are present (the prefix before the first no_key).
  std::size_t count(std::size_t row) const noexcept;

  // One entry per searched group of rows (SearchParams::group); empty for links and exact truth.
  std::vector<SearchStats> stats;

  // Equality of what was found; what it cost is not compared.
  friend bool operator==(const NeighborTable& a, const NeighborTable& b) {
    return a.rows_ == b.rows_ && a.k_ == b.k_ && a.ids_ == b.ids_ && a.scores_ == b.scores_;
  }

 private:
  std::size_t rows_ = 0;
  std::size_t k_ = 0;
  std::vector<KeyId, detail::TableAllocator<KeyId>> ids_;
  std::vector<float, detail::TableAllocator<float>> scores_;
};

// Seconds per build stage, in order.
struct BuildStats {
  std::vector<std::pair<std::string, double>> stages;
  std::uint64_t unreachable = 0;  // graph: keys no entry point leads to (0 unless the builder says otherwise)

  double seconds() const noexcept;
};

}  // namespace rattan

#pragma GCC visibility pop
