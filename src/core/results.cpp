#include "rattan/results.h"

#include <algorithm>
#include <limits>

#include "core/check.h"

namespace rattan {

NeighborTable::NeighborTable(std::size_t rows, std::size_t k)
    : rows_(rows),
      k_(k),
      ids_(checked_mul(rows, k, "rows * k of a NeighborTable", ErrorCode::no_memory), no_key),
      scores_(rows * k, -std::numeric_limits<float>::infinity()) {}

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
