// Rows in two places: those of a prefix that somebody else holds, and those that grew behind it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "rattan/matrix.h"

namespace rattan {

// Row i is row i of `base`, or row i - base.rows of `grown`. Both have one dtype and one number of columns.
struct SplitRows {
  MatrixView base;
  MatrixView grown;

  SplitRows() = default;
  SplitRows(MatrixView base_) : base(base_), grown(nullptr, base_.dtype, 0, base_.cols) {}
  SplitRows(MatrixView base_, MatrixView grown_) : base(base_), grown(grown_) {}

  std::size_t rows() const noexcept { return base.rows + grown.rows; }
  std::size_t cols() const noexcept { return base.cols; }
  DType dtype() const noexcept { return base.dtype; }
  std::size_t row_bytes() const noexcept { return base.row_bytes(); }
  const void* row(std::size_t i) const noexcept { return i < base.rows ? base.row(i) : grown.row(i - base.rows); }

  // Rows from `begin` on, begin <= rows().
  SplitRows from(std::size_t begin) const noexcept {
    const std::size_t of_base = std::min(begin, base.rows);
    return {base.slice(of_base, base.rows - of_base), grown.slice(begin - of_base, grown.rows - (begin - of_base))};
  }
};

}  // namespace rattan
