#include "tests/support/matrices.h"

#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "core/half.h"
#include "core/random.h"

namespace rattan::test {
namespace {

constexpr std::size_t alignment = 64;

void store(void* target, DType dtype, float value) {
  if (dtype == DType::f32) {
    std::memcpy(target, &value, sizeof value);
    return;
  }
  const std::uint16_t bits = dtype == DType::f16 ? to_f16(value) : to_bf16(value);
  std::memcpy(target, &bits, sizeof bits);
}

// Memory of exactly the rows' extent behind an aligned address, so that AddressSanitizer sees one byte too many.
struct Block {
  explicit Block(std::size_t bytes) : data(new (std::align_val_t{alignment}) std::byte[bytes]()) {}
  ~Block() { ::operator delete[](data, std::align_val_t{alignment}); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  std::byte* data;
};

SharedMatrix allocate(std::size_t rows, std::size_t cols, std::size_t row_stride, DType dtype, std::size_t offset) {
  const std::size_t elements = rows == 0 ? 0 : (rows - 1) * row_stride + cols;
  auto block = std::make_shared<Block>(offset + elements * dtype_size(dtype));
  return {MatrixView(block->data + offset, dtype, rows, cols, row_stride), block};
}

std::byte* mutable_element(const MatrixView& matrix, std::size_t row, std::size_t col) {
  auto* bytes = static_cast<std::byte*>(const_cast<void*>(matrix.data));
  return bytes + (row * matrix.row_stride + col) * dtype_size(matrix.dtype);
}

}  // namespace

SharedMatrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, DType dtype,
                           std::size_t row_stride) {
  SharedMatrix matrix = allocate(rows, cols, row_stride == 0 ? cols : row_stride, dtype, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < cols; ++col) {
      set_element(matrix, row, col, static_cast<float>(random_normal(seed, row * cols + col)));
    }
    if (row + 1 == rows) break;
    for (std::size_t col = cols; col < matrix.view.row_stride; ++col) {
      set_element(matrix, row, col, std::numeric_limits<float>::quiet_NaN());
    }
  }
  return matrix;
}

SharedMatrix make_matrix(std::span<const float> values, std::size_t rows, std::size_t cols, DType dtype) {
  SharedMatrix matrix = allocate(rows, cols, cols, dtype, 0);
  for (std::size_t i = 0; i < rows * cols; ++i) set_element(matrix, i / cols, i % cols, values[i]);
  return matrix;
}

SharedMatrix at_offset(const MatrixView& matrix, std::size_t offset) {
  SharedMatrix copy = allocate(matrix.rows, matrix.cols, matrix.cols, matrix.dtype, offset);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    std::memcpy(mutable_element(copy.view, row, 0), matrix.row(row), matrix.row_bytes());
  }
  return copy;
}

double element(const MatrixView& matrix, std::size_t row, std::size_t col) {
  const std::byte* source = mutable_element(matrix, row, col);
  if (matrix.dtype == DType::f32) {
    float value = 0;
    std::memcpy(&value, source, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, source, sizeof bits);
  return matrix.dtype == DType::f16 ? from_f16(bits) : from_bf16(bits);
}

std::vector<double> row_values(const MatrixView& matrix, std::size_t row) {
  std::vector<double> values(matrix.cols);
  for (std::size_t col = 0; col < matrix.cols; ++col) values[col] = element(matrix, row, col);
  return values;
}

void set_element(const SharedMatrix& matrix, std::size_t row, std::size_t col, float value) {
  store(mutable_element(matrix.view, row, col), matrix.view.dtype, value);
}

}  // namespace rattan::test
