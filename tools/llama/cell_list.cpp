#include "cell_list.h"

namespace rattan::llama {

CellList::CellList(std::size_t cells) : positions_(cells, none) { cells_.reserve(cells); }

void CellList::append(std::uint32_t cell) {
  positions_[cell] = static_cast<std::uint32_t>(cells_.size());
  cells_.push_back(cell);
}

void CellList::cut(std::size_t size) {
  while (cells_.size() > size) {
    positions_[cells_.back()] = none;
    cells_.pop_back();
  }
}

void CellList::copy(const CellList& from, std::size_t size) {
  cut(0);
  for (std::size_t i = 0; i < size; ++i) append(from[i]);
}

bool CellList::holds(std::span<const std::uint8_t> seen, std::size_t count, std::uint32_t own) const {
  if (count == 0 || count > cells_.size() + 1) return false;
  const std::size_t before = count - 1;
  // Where the newest of them is not seen the rest need not be read.
  if (before > 0 && (cells_[before - 1] >= seen.size() || seen[cells_[before - 1]] == 0)) return false;
  if (position(own) < before) return false;
  // `own` itself is the one seen cell behind the first ones.
  std::size_t behind = 0;
  for (std::size_t cell = 0; cell < seen.size(); ++cell) behind += seen[cell] & (positions_[cell] >= before ? 1U : 0U);
  return behind == 1;
}

std::size_t CellList::common(std::span<const std::uint8_t> seen, std::uint32_t own) const {
  std::size_t i = 0;
  while (i < cells_.size() && cells_[i] != own && cells_[i] < seen.size() && seen[cells_[i]] != 0) ++i;
  return i;
}

}  // namespace rattan::llama
