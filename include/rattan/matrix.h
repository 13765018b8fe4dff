// Vectors coming in: keys, queries, values. Borrowed, never copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "rattan/types.h"

#pragma GCC visibility push(default)

namespace rattan {

// `rows` vectors of `cols` elements in row-major order. Row i starts `i * row_stride` elements after `data`.
// `data` needs no alignment beyond one byte (files hold tensors at odd addresses). The view owns nothing.
struct MatrixView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_stride = 0;  // in elements, >= cols

  MatrixView() = default;
  MatrixView(const void* data_, DType dtype_, std::size_t rows_, std::size_t cols_)
      : MatrixView(data_, dtype_, rows_, cols_, cols_) {}
  MatrixView(const void* data_, DType dtype_, std::size_t rows_, std::size_t cols_, std::size_t row_stride_)
      : data(data_), dtype(dtype_), rows(rows_), cols(cols_), row_stride(row_stride_) {}

  std::size_t row_bytes() const noexcept { return cols * dtype_size(dtype); }
  const void* row(std::size_t i) const noexcept {
    return static_cast<const std::byte*>(data) + i * row_stride * dtype_size(dtype);
  }

  // Rows [begin, begin + count) as a view of their own; begin + count <= rows.
  MatrixView slice(std::size_t begin, std::size_t count) const noexcept {
    return {row(begin), dtype, count, cols, row_stride};
  }

  // Every `step`-th row, beginning with the first; step >= 1.
  MatrixView every(std::size_t step) const noexcept {
    return {data, dtype, (rows + step - 1) / step, cols, row_stride * step};
  }
};

// Rows in blocks of a pool, as paged KV caches hold them: row i begins table[i / block_rows] * block_stride +
// i % block_rows * row_stride elements after `data`.
struct PagedRows {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_stride = 0;  // in elements, >= cols
  std::span<const std::uint32_t> table;
  std::size_t block_rows = 0;
  std::size_t block_stride = 0;  // in elements, >= cols; 0: block_rows * row_stride
};

// A view with what keeps its memory alive. Without an owner the caller promises that it outlives all built on it.
struct SharedMatrix {
  MatrixView view;
  std::shared_ptr<const void> owner;

  SharedMatrix() = default;
  SharedMatrix(MatrixView view_) : view(view_) {}  // implicit: a borrowed view is the common case
  SharedMatrix(MatrixView view_, std::shared_ptr<const void> owner_) : view(view_), owner(std::move(owner_)) {}
};

// The rows copied together. Throws Error(invalid_argument): a short table, a zero block_rows, a stride below cols.
SharedMatrix gather(const PagedRows& rows);

}  // namespace rattan

#pragma GCC visibility pop
