// The cells of a cache that hold the tokens of one sequence, in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rattan::llama {

// Cells are counted within their stream. The table never moves: contexts read it in place.
class CellList {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  // Of a stream of so many cells.
  explicit CellList(std::size_t cells);
  CellList(const CellList&) = delete;
  CellList& operator=(const CellList&) = delete;

  std::size_t size() const noexcept { return cells_.size(); }
  std::size_t capacity() const noexcept { return positions_.size(); }
  std::uint32_t operator[](std::size_t position) const noexcept { return cells_[position]; }
  // All there is room for; the first size() are in use.
  std::span<const std::uint32_t> table() const noexcept { return {cells_.data(), capacity()}; }
  // Position of a cell; none.
  std::uint32_t position(std::size_t cell) const noexcept { return cell < positions_.size() ? positions_[cell] : none; }

  // The cell must not be in the list.
  void append(std::uint32_t cell);
  // The first `size` stay.
  void cut(std::size_t size);
  // Becomes the first `size` cells of another list of the same stream.
  void copy(const CellList& from, std::size_t size);

  // Whether the cells that are seen, `count` in all, are `own` and the first count - 1 of the list.
  bool holds(std::span<const std::uint8_t> seen, std::size_t count, std::uint32_t own) const;
  // How many cells, from the first on, are seen and are not `own`.
  std::size_t common(std::span<const std::uint8_t> seen, std::uint32_t own) const;

 private:
  std::vector<std::uint32_t> cells_;
  std::vector<std::uint32_t> positions_;  // by cell
};

}  // namespace rattan::llama
