#include "graph/link_lists.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/random.h"

namespace rattan {
namespace {

struct RowRef {
  std::uint32_t table;
  std::uint32_t row;
};

std::vector<RowRef> shuffled_rows(std::span<const NeighborTable> tables, std::uint64_t seed) {
  std::vector<RowRef> rows;
  for (std::size_t table = 0; table < tables.size(); ++table) {
    for (std::size_t row = 0; row < tables[table].rows(); ++row) {
      if (tables[table].count(row) != 0) {
        rows.push_back({static_cast<std::uint32_t>(table), static_cast<std::uint32_t>(row)});
      }
    }
  }
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random_below(seed, i, i)]);
  return rows;
}

}  // namespace

LinkLists::LinkLists(std::span<const NeighborTable> tables, std::size_t keys, std::uint64_t seed) : keys_(keys) {
  const std::vector<RowRef> rows = shuffled_rows(tables, seed);
  offsets_.reserve(rows.size() + 1);
  offsets_.push_back(0);
  std::vector<std::size_t> last_seen(keys, 0);  // list number + 1
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [table, row] = rows[i];
    const std::size_t count = tables[table].count(row);
    for (const float score : tables[table].scores(row).first(count)) {
      if (std::isnan(score)) {
        fail(ErrorCode::invalid_argument, "links table ", table, " row ", row,
             " holds a score that is NaN, allowed are ", "scores of an exact search");
      }
    }
    for (const KeyId id : tables[table].ids(row).first(count)) {
      if (id >= keys) {
        fail(ErrorCode::invalid_argument, "links table ", table, " row ", row, " holds key ", id, ", allowed is below ",
             keys);
      }
      if (std::exchange(last_seen[id], i + 1) == i + 1) {
        fail(ErrorCode::invalid_argument, "links table ", table, " row ", row, " holds key ", id,
             " twice, allowed is once");
      }
      ids_.push_back(id);
    }
    longest_ = std::max(longest_, count);
    offsets_.push_back(ids_.size());
  }
}

}  // namespace rattan
