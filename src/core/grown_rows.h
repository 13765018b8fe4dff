// Rows that grow behind those that somebody else holds: one writer, any number of readers, no lock.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/reserved.h"
#include "core/split_rows.h"
#include "rattan/matrix.h"

namespace rattan {

// A reader counts the rows, and touches none behind them. Grown rows never move.
class GrownRows {
 public:
  // base: the rows in front, which never change. At most `capacity` grow behind them.
  GrownRows(const MatrixView& base, std::size_t capacity);

  std::size_t rows() const noexcept { return base_.rows + grown_.load(std::memory_order_acquire); }
  std::size_t base_rows() const noexcept { return base_.rows; }  // less after a truncation below them
  std::size_t room() const noexcept { return capacity_ - grown_.load(std::memory_order_relaxed); }
  // The first `count` of them, which the caller knows to be there.
  SplitRows view(std::size_t count) const noexcept;

  // The writer. `rows` are of the base's dtype and columns, and at most room(). They are visible, whole, afterwards.
  void append(const MatrixView& rows) noexcept;
  // Rows from `rows` on are gone, also those of the base, for good. Beside nothing.
  void truncate(std::size_t rows) noexcept;

 private:
  MatrixView base_;
  std::size_t capacity_;
  ReservedArray<std::byte> memory_;
  std::atomic<std::size_t> grown_{0};
};

// Rows [begin, end) as one matrix: where they lie, or copied where they lie in two places.
SharedMatrix in_one_place(const SplitRows& rows, std::size_t begin, std::size_t end);

}  // namespace rattan
