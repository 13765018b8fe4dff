// Rows in several places: those of a prefix that somebody else holds and those that grew behind it in chunks, or all of
// them in pages.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/page_rows.h"
#include "rattan/matrix.h"

namespace rattan {

// Row i lies in chunk (first + i) / chunk_rows. Dense rows.
struct ChunkRows {
  static constexpr std::size_t chunk_rows = 256;

  const std::byte* const* chunks = nullptr;
  std::size_t first = 0;
  std::size_t rows = 0;
  DType dtype = DType::f32;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;

  const void* row(std::size_t i) const noexcept {
    const std::size_t at = first + i;
    return chunks[at / chunk_rows] + at % chunk_rows * row_bytes;
  }
  // As many rows from `begin` on as one chunk has, and before `end`, begin < end.
  std::size_t in_chunk(std::size_t begin, std::size_t end) const noexcept {
    return std::min(end - begin, chunk_rows - (first + begin) % chunk_rows);
  }
};

// Row i is row i of `base`, or row i - base.rows of `grown`. Both have one dtype and one number of columns. With
// `pages` both only count: row i is row first + i of the pages.
struct SplitRows {
  MatrixView base;
  ChunkRows grown;
  const PageRows* pages = nullptr;
  std::size_t first = 0;
  // Of rows in pages: as many rows from `absent_begin` on are nowhere any more. They have the address of row 0, and
  // those behind them follow in the pages without a gap.
  std::size_t absent = 0;
  std::size_t absent_begin = 0;

  SplitRows() = default;
  SplitRows(MatrixView base_) : SplitRows(base_, nullptr, 0) {}
  SplitRows(MatrixView base_, const std::byte* const* chunks, std::size_t grown_rows)
      : base(base_), grown{chunks, 0, grown_rows, base_.dtype, base_.cols, base_.row_bytes()} {}

  std::size_t rows() const noexcept { return base.rows + grown.rows; }
  std::size_t cols() const noexcept { return base.cols; }
  DType dtype() const noexcept { return base.dtype; }
  std::size_t row_bytes() const noexcept { return base.row_bytes(); }
  const void* row(std::size_t i) const noexcept {
    if (pages != nullptr) return pages->row(page_row(i));
    return i < base.rows ? base.row(i) : grown.row(i - base.rows);
  }
  // Addresses of rows [begin, begin + count).
  void write_addresses(std::size_t begin, std::size_t count, const void** to) const noexcept {
    if (pages != nullptr && absent == 0) return pages->write_addresses(first + begin, count, to);
    if (pages == nullptr && grown.rows == 0) {  // rows in one place, the rule, are not asked which
      const auto* address = static_cast<const std::byte*>(base.row(begin));
      const std::size_t stride = base.row_stride * dtype_size(base.dtype);
      for (std::size_t i = 0; i < count; ++i, address += stride) to[i] = address;
    } else {
      for (std::size_t i = 0; i < count; ++i) to[i] = row(begin + i);
    }
  }

  // Rows from `begin` on, begin <= rows(), of rows none of which is absent.
  SplitRows from(std::size_t begin) const noexcept {
    SplitRows rest = *this;
    const std::size_t of_base = std::min(begin, base.rows);
    if (pages == nullptr) rest.base = base.slice(of_base, base.rows - of_base);
    rest.base.rows = base.rows - of_base;
    rest.first += begin;
    rest.grown.first += begin - of_base;
    rest.grown.rows -= begin - of_base;
    return rest;
  }

  // Calls visit(rows) for rows [begin, end), piece by piece: what is of the base, then chunk by chunk. Pieces have one
  // place each; those of pages are cut where they would be without, so that sums over pieces have the same bits.
  template <typename Visit>
  void each_piece(std::size_t begin, std::size_t end, const Visit& visit) const {
    if (begin < std::min(end, base.rows)) visit(piece(begin, std::min(end, base.rows) - begin));
    for (std::size_t i = std::max(begin, base.rows); i < end;) {
      const std::size_t count = grown.in_chunk(i - base.rows, end - base.rows);
      visit(piece(i, count));
      i += count;
    }
  }

 private:
  std::size_t page_row(std::size_t i) const noexcept {
    if (i >= absent_begin + absent) return first + i - absent;
    return i < absent_begin ? first + i : first;
  }
  // Rows of the base or of one chunk.
  SplitRows piece(std::size_t begin, std::size_t count) const noexcept {
    if (pages == nullptr)
      return MatrixView(row(begin), dtype(), count, cols(), begin < base.rows ? base.row_stride : cols());
    SplitRows piece = *this;
    piece.base.rows = count;
    piece.grown.rows = 0;
    piece.first += begin;
    return piece;
  }
};

}  // namespace rattan
