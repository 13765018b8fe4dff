// Rows in two places: those of a prefix that somebody else holds, and those that grew behind it in chunks.
#pragma once

#include <algorithm>
#include <cstddef>

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
  // As many rows from `begin` on as lie in one chunk and before `end`, begin < end.
  MatrixView piece(std::size_t begin, std::size_t end) const noexcept {
    const std::size_t in_chunk = chunk_rows - (first + begin) % chunk_rows;
    return {row(begin), dtype, std::min(end - begin, in_chunk), cols};
  }
};

// Row i is row i of `base`, or row i - base.rows of `grown`. Both have one dtype and one number of columns.
struct SplitRows {
  MatrixView base;
  ChunkRows grown;

  SplitRows() = default;
  SplitRows(MatrixView base_) : SplitRows(base_, nullptr, 0) {}
  SplitRows(MatrixView base_, const std::byte* const* chunks, std::size_t grown_rows)
      : base(base_), grown{chunks, 0, grown_rows, base_.dtype, base_.cols, base_.row_bytes()} {}

  std::size_t rows() const noexcept { return base.rows + grown.rows; }
  std::size_t cols() const noexcept { return base.cols; }
  DType dtype() const noexcept { return base.dtype; }
  std::size_t row_bytes() const noexcept { return base.row_bytes(); }
  const void* row(std::size_t i) const noexcept { return i < base.rows ? base.row(i) : grown.row(i - base.rows); }

  // Rows from `begin` on, begin <= rows().
  SplitRows from(std::size_t begin) const noexcept {
    SplitRows rest = *this;
    const std::size_t of_base = std::min(begin, base.rows);
    rest.base = base.slice(of_base, base.rows - of_base);
    rest.grown.first += begin - of_base;
    rest.grown.rows -= begin - of_base;
    return rest;
  }

  // Calls visit(matrix) for rows [begin, end), piece by piece.
  template <typename Visit>
  void each_piece(std::size_t begin, std::size_t end, const Visit& visit) const {
    if (begin < std::min(end, base.rows)) visit(base.slice(begin, std::min(end, base.rows) - begin));
    for (std::size_t i = std::max(begin, base.rows); i < end;) {
      const MatrixView piece = grown.piece(i - base.rows, end - base.rows);
      visit(piece);
      i += piece.rows;
    }
  }
};

}  // namespace rattan
