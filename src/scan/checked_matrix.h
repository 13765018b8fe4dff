// Checks of vectors that come in from outside, and a type that says they were made.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "rattan/executor.h"
#include "rattan/matrix.h"

namespace rattan {

// Throws Error(invalid_argument) naming `name` unless the view has a known dtype, a row_stride of at least cols, and
// data wherever it has elements.
void check_view(const MatrixView& matrix, std::string_view name);

// check_view and more about the shape; no element is read. Throws Error(invalid_argument) naming `name` and the field:
// cols outside 1 to 65,536, rows that ids cannot count, or sizes that do not fit 64 bits.
void check_matrix(const MatrixView& matrix, std::string_view name);

// What elements may be: any number, or numbers below 2^24 of which scores and their squares stay within fp32: products
// are below 2^48, sums of 4,096 of them below 2^60.
enum class Allowed : bool { finite, below_2_24 };

// check_view, then throws Error(invalid_argument) naming `name`, row and column of the first element that is not
// allowed. Which one is reported does not depend on the executor. Looks at exponent bits only, about as fast as memory
// is read.
void check_finite(MatrixView matrix, std::string_view name, Executor& executor, Allowed allowed = Allowed::finite);

// The same of a view that is right, without a word.
bool is_allowed(const MatrixView& matrix, Allowed allowed) noexcept;

// A matrix that went through check_matrix and check_finite. What takes one does not look at it again, so that a build
// reads its keys for this once.
class CheckedMatrix {
 public:
  CheckedMatrix() = default;  // no rows
  // Here, not in the source: a test counts the calls that leave it.
  CheckedMatrix(SharedMatrix matrix, std::string_view name, Executor& executor, Allowed allowed = Allowed::finite)
      : matrix_(std::move(matrix)) {
    check_matrix(matrix_.view, name);
    check_finite(matrix_.view, name, executor, allowed);
  }
  // Rows that were checked where they came from, or computed of such.
  static CheckedMatrix trusted(SharedMatrix matrix) noexcept {
    CheckedMatrix checked;
    checked.matrix_ = std::move(matrix);
    return checked;
  }

  const MatrixView& view() const noexcept { return matrix_.view; }
  const SharedMatrix& shared() const noexcept { return matrix_; }
  std::size_t rows() const noexcept { return matrix_.view.rows; }
  std::size_t cols() const noexcept { return matrix_.view.cols; }

  CheckedMatrix slice(std::size_t begin, std::size_t count) const {
    return trusted({matrix_.view.slice(begin, count), matrix_.owner});
  }
  CheckedMatrix every(std::size_t step) const { return trusted({matrix_.view.every(step), matrix_.owner}); }

 private:
  SharedMatrix matrix_;
};

}  // namespace rattan
