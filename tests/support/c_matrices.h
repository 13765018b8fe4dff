// Matrices of tests for the C API.
#pragma once

#include <cstdint>

#include "rattan/c.h"
#include "rattan/matrix.h"

namespace rattan::test {

// Borrows.
inline rattan_matrix matrix_of(const MatrixView& view) {
  rattan_matrix made{};
  made.data = view.data;
  made.dtype = static_cast<rattan_dtype>(view.dtype);
  made.cols = static_cast<std::uint32_t>(view.cols);
  made.rows = view.rows;
  made.row_stride = view.row_stride;
  return made;
}

}  // namespace rattan::test
