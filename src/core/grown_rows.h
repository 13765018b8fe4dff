// Rows that grow behind those that somebody else holds: one writer, any number of readers, no lock. Other sequences may
// go on from the same rows.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "core/aligned.h"
#include "core/counted.h"
#include "core/fork.h"
#include "core/split_rows.h"
#include "rattan/matrix.h"

namespace rattan {

// A reader counts the rows, and touches none behind them. Grown rows lie in chunks that are taken as they come; those
// of a chunk that others hold too are copied before more are written behind them. Rows in pages are somebody else's:
// they are told, and not copied.
class GrownRows {
 public:
  // base: the rows in front, which never change. At most `capacity` grow behind them.
  GrownRows(const MatrixView& base, std::size_t capacity);
  // All rows lie in pages; `base` says how many are in front, of which dtype and columns.
  GrownRows(const MatrixView& base, std::size_t capacity, const PageRows& pages);
  // The first `rows` of `other`, which the caller knows to be there. Beside the writer of `other`, but not its
  // truncate.
  GrownRows(const GrownRows& other, std::size_t rows);

  std::size_t rows() const noexcept { return base_.rows + grown_.load(std::memory_order_acquire); }
  std::size_t base_rows() const noexcept { return base_.rows; }  // less after a truncation below them
  std::size_t room() const noexcept { return capacity_ - grown_.load(std::memory_order_relaxed); }
  // The first `count` of them, which the caller knows to be there.
  SplitRows view(std::size_t count) const noexcept;
  bool paged() const noexcept { return pages_ != nullptr; }
  // Of the first `count` rows, those that are held here: not in front, nor in pages.
  std::size_t held_rows(std::size_t count) const noexcept { return paged() ? 0 : count - std::min(count, base_.rows); }
  // Of the grown rows, those whose memory came from another sequence.
  std::size_t inherited_rows() const noexcept { return inherited_.load(std::memory_order_relaxed); }

  // The writer. All that append() of so many rows, at most room(), may fail for is done. Throws std::bad_alloc; then
  // nothing has changed.
  void reserve(std::size_t rows);
  // `rows` are of the base's dtype and columns. They are visible, whole, afterwards.
  void append(const MatrixView& rows);
  // Of rows in pages: from now on they are looked for in these, where all that there are must be. Throws
  // std::bad_alloc.
  void place(const PageRows& pages);
  // As many more of them, at most room(), are visible afterwards.
  void grow(std::size_t rows) noexcept;
  // Where there is no reader: what readers may have looked at before is freed.
  void drop_retired() noexcept;

  // Rows from `rows` on are gone, also those of the base, for good. Beside nothing.
  void truncate(std::size_t rows) noexcept;

 private:
  using Chunk = Counted<AlignedVector<std::byte>>;
  using Table = std::vector<const std::byte*>;

  void publish(std::unique_ptr<Table> table);

  MatrixView base_;
  std::size_t capacity_;
  std::size_t row_bytes_;
  mutable ForkSafeMutex sharing_;  // of the writer and of who goes on from these rows
  std::vector<Chunk> chunks_;
  std::unique_ptr<Table> table_;  // their addresses
  std::atomic<const std::byte* const*> addresses_{nullptr};
  std::atomic<std::size_t> grown_{0};
  std::atomic<std::size_t> inherited_{0};
  std::vector<Chunk> retired_chunks_;
  std::vector<std::unique_ptr<Table>> retired_tables_;
  std::unique_ptr<const PageRows> pages_;  // null: rows lie in chunks
  std::atomic<const PageRows*> placed_{nullptr};
  std::vector<std::unique_ptr<const PageRows>> retired_pages_;
};

// Rows [begin, end) as one matrix: where they lie, or copied where they lie in several places.
SharedMatrix in_one_place(const SplitRows& rows, std::size_t begin, std::size_t end);

}  // namespace rattan
