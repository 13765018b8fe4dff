#include "evaluate/double_tile.h"

#include <algorithm>
#include <array>

#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t tile_rows = 4;
constexpr std::size_t tile_cols = 4;
constexpr std::size_t panel_depth = 256;

// Four sums side by side, written out so that every compiler keeps them in registers.
struct Quad {
  double a, b, c, d;

  void add(double factor, const double* x) {
    a += factor * x[0];
    b += factor * x[1];
    c += factor * x[2];
    d += factor * x[3];
  }
  void add_to(double* out) const {
    out[0] += a;
    out[1] += b;
    out[2] += c;
    out[3] += d;
  }
};

// `panel` holds four columns side by side.
void full_tile(const double* a, std::size_t stride, const double* panel, std::size_t depth, double* out,
               std::size_t n) {
  Quad sum0{}, sum1{}, sum2{}, sum3{};
  for (std::size_t l = 0; l < depth; ++l) {
    const double* b_row = panel + l * tile_cols;
    sum0.add(a[l], b_row);
    sum1.add(a[stride + l], b_row);
    sum2.add(a[2 * stride + l], b_row);
    sum3.add(a[3 * stride + l], b_row);
  }
  sum0.add_to(out);
  sum1.add_to(out + n);
  sum2.add_to(out + 2 * n);
  sum3.add_to(out + 3 * n);
}

void ragged_tile(const double* a, std::size_t rows, std::size_t stride, const double* panel, std::size_t depth,
                 std::size_t cols, double* out, std::size_t n) {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      double sum = 0;
      for (std::size_t l = 0; l < depth; ++l) sum += a[i * stride + l] * panel[l * tile_cols + j];
      out[i * n + j] += sum;
    }
  }
}

}  // namespace

void WideningReader::load(std::size_t row) {
  const auto to_float = simd::kernels().widen(matrix_.dtype);
  to_float(matrix_.row(row), matrix_.cols, row_.data());
}

void WideningReader::rows(std::size_t begin, std::size_t count, double* out) {
  for (std::size_t i = 0; i < count; ++i) {
    load(begin + i);
    std::copy(row_.begin(), row_.end(), out + i * matrix_.cols);
  }
}

void WideningReader::columns(std::size_t begin, std::size_t count, double* out, std::size_t stride) {
  for (std::size_t i = 0; i < count; ++i) {
    load(begin + i);
    for (std::size_t c = 0; c < matrix_.cols; ++c) out[c * stride + i] = row_[c];
  }
  for (std::size_t c = 0; c < matrix_.cols; ++c) {
    std::fill(out + c * stride + count, out + (c + 1) * stride, 0.0);
  }
}

void multiply_add(const double* a, std::size_t rows, std::size_t depth, const double* b, std::size_t n, double* out) {
  // Columns are copied side by side first: rows of b lie a power of two apart and would share a few cache sets.
  std::array<double, panel_depth * tile_cols> panel;
  for (std::size_t start = 0; start < depth; start += panel_depth) {
    const std::size_t length = std::min(panel_depth, depth - start);
    for (std::size_t j = 0; j < n; j += tile_cols) {
      const std::size_t cols = std::min(tile_cols, n - j);
      for (std::size_t l = 0; l < length; ++l) std::copy_n(b + (start + l) * n + j, cols, &panel[l * tile_cols]);
      for (std::size_t i = 0; i < rows; i += tile_rows) {
        const double* a_rows = a + i * depth + start;
        const std::size_t height = std::min(tile_rows, rows - i);
        if (height == tile_rows && cols == tile_cols) {
          full_tile(a_rows, depth, panel.data(), length, out + i * n + j, n);
        } else {
          ragged_tile(a_rows, height, depth, panel.data(), length, cols, out + i * n + j, n);
        }
      }
    }
  }
}

}  // namespace rattan
