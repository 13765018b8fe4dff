// Small float64 matrix tiles for evaluation: rows of any dtype widened to double, and one product kernel.
#pragma once

#include <cstddef>
#include <vector>

#include "rattan/matrix.h"

namespace rattan {

// Reads rows of a MatrixView as double. Not shared between threads: it keeps one row of scratch.
class WideningReader {
 public:
  explicit WideningReader(MatrixView matrix) : matrix_(matrix), row_(matrix.cols) {}

  // out[i * cols + c] = element c of row begin + i, i < count.
  void rows(std::size_t begin, std::size_t count, double* out);
  // out[c * stride + i] = element c of row begin + i; columns count..stride-1 become 0.
  void columns(std::size_t begin, std::size_t count, double* out, std::size_t stride);

 private:
  void load(std::size_t row);

  MatrixView matrix_;
  std::vector<float> row_;
};

// out[i * n + j] += sum over l < depth of a[i * depth + l] * b[l * n + j], i < rows, j < n. Sums run in the order of l,
// so the result does not depend on how rows are split between calls.
void multiply_add(const double* a, std::size_t rows, std::size_t depth, const double* b, std::size_t n, double* out);

}  // namespace rattan
