#include "rattan/results.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"
#include "core/check.h"

namespace rattan {

SearchStats& SearchStats::operator+=(const SearchStats& other) noexcept {
  keys_scored += other.keys_scored;
  nodes_expanded += other.nodes_expanded;
  centroids_scored += other.centroids_scored;
  codes_scored += other.codes_scored;
  code_bytes += other.code_bytes;
  bytes_read += other.bytes_read;
  return *this;
}

void* detail::allocate_table(std::size_t bytes) { return allocate_aligned(bytes); }

void detail::free_table(void* memory, std::size_t bytes) noexcept { free_aligned(memory, bytes); }

NeighborTable::NeighborTable(std::size_t rows, std::size_t k)
    : rows_(rows),
      k_(k),
      ids_(checked_mul(rows, k, "rows * k of a NeighborTable", ErrorCode::no_memory), no_key),
      scores_(rows * k, -std::numeric_limits<float>::infinity()) {}

NeighborTable NeighborTable::unfilled(std::size_t rows, std::size_t k) {
  const std::size_t size = checked_mul(rows, k, "rows * k of a NeighborTable", ErrorCode::no_memory);
  NeighborTable table;
  table.rows_ = rows;
  table.k_ = k;
  table.ids_.resize(size);
  table.scores_.resize(size);
  return table;
}

std::size_t NeighborTable::count(std::size_t row) const noexcept {
  const auto row_ids = ids(row);
  return static_cast<std::size_t>(std::find(row_ids.begin(), row_ids.end(), no_key) - row_ids.begin());
}

double BuildStats::seconds() const noexcept {
  double sum = 0;
  for (const auto& stage : stages) sum += stage.second;
  return sum;
}

}  // namespace rattan
