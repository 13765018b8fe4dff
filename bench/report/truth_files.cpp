#include "bench/report/truth_files.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "storage/atomic_save.h"

namespace rattan::bench {
namespace {

template <typename T, typename RowOf>
void write_rows(const NeighborTable& table, const std::filesystem::path& path, const RowOf& row_of) {
  std::vector<T> numbers;
  numbers.reserve(table.rows() * table.k());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const auto value : row_of(row)) numbers.push_back(static_cast<T>(value));
  }
  const std::array<std::uint32_t, 2> shape = {static_cast<std::uint32_t>(table.rows()),
                                              static_cast<std::uint32_t>(table.k())};
  const std::array<std::span<const std::byte>, 2> pieces = {std::as_bytes(std::span(shape)),
                                                            std::as_bytes(std::span(numbers))};
  atomic_save(path, pieces);
}

}  // namespace

void write_ids(const NeighborTable& table, const std::filesystem::path& path) {
  write_rows<std::int32_t>(table, path, [&](std::size_t row) { return table.ids(row); });
}

void write_scores(const NeighborTable& table, const std::filesystem::path& path) {
  write_rows<float>(table, path, [&](std::size_t row) { return table.scores(row); });
}

}  // namespace rattan::bench
