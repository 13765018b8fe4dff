// Arrays of Python as matrices of Rattan: anything with DLPack or the buffer protocol, never copied.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rattan/matrix.h"

namespace rattan::python {

namespace nb = nanobind;

// One array of 1 to 4 dimensions whose last one is contiguous. It holds a reference to the Python object's memory, so
// views made of it stay valid as long as the `owner` that is handed out with them.
class Array {
 public:
  // dtype: "f32", "f16", "bf16" or "" (that of the array). "bf16" is also how uint16 is read. `name` is that of the
  // parameter, for errors. Throws Error(invalid_argument).
  Array(nb::ndarray<nb::ro> array, const std::string& dtype, std::string name);

  std::size_t ndim() const noexcept { return array_->ndim(); }
  std::size_t shape(std::size_t axis) const noexcept { return array_->shape(axis); }
  DType dtype() const noexcept { return dtype_; }
  const std::string& name() const noexcept { return name_; }
  bool on_cpu() const noexcept;
  std::uintptr_t address() const noexcept { return reinterpret_cast<std::uintptr_t>(array_->data()); }

  // [rows, cols] of a two-dimensional array.
  MatrixView matrix() const;
  // The same from two or more dimensions: all but the last are rows. They must lie at one distance.
  MatrixView flat() const;
  // [heads, rows, cols]: a matrix for each head.
  std::vector<MatrixView> heads() const;

  // [pages, rows of a page, heads, cols]: the first `tokens` rows that `table` leads to, for each head. Borrowed, both.
  std::vector<PagedRows> pages(std::span<const std::uint32_t> table, std::size_t tokens) const;

  SharedMatrix shared() const { return {matrix(), owner_}; }
  std::vector<SharedMatrix> shared_heads() const;

  // Refuses memory that is not the host's.
  const Array& host() const;

 private:
  MatrixView rows_at(std::size_t offset, std::size_t row_axis) const;
  std::size_t stride(std::size_t axis) const;

  std::shared_ptr<const nb::ndarray<nb::ro>> array_;  // released under the interpreter's lock
  std::shared_ptr<const void> owner_;
  DType dtype_ = DType::f32;
  std::string name_;
};

}  // namespace rattan::python
