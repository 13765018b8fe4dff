// Seeded matrices that own their memory, in every dtype, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/matrix.h"
#include "scan/checked_matrix.h"

namespace rattan::test {

// rows x cols standard normal numbers, rounded to `dtype`. `row_stride` 0 means cols; larger strides leave gaps that
// are filled with NaN, so that code that reads them fails its checks.
SharedMatrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, DType dtype = DType::f32,
                           std::size_t row_stride = 0);

// The given values (row-major, rows * cols of them), rounded to `dtype`.
SharedMatrix make_matrix(std::span<const float> values, std::size_t rows, std::size_t cols, DType dtype = DType::f32);

// The same elements in dense rows, the first of them `offset` bytes behind an address that is a multiple of 64.
SharedMatrix at_offset(const MatrixView& matrix, std::size_t offset);

// One element as stored, widened exactly.
double element(const MatrixView& matrix, std::size_t row, std::size_t col);
std::vector<double> row_values(const MatrixView& matrix, std::size_t row);

// For what takes checked matrices only; what a test makes is finite unless it says so.
inline CheckedMatrix checked(const SharedMatrix& matrix) { return CheckedMatrix::trusted(matrix); }

// Overwrites one element (rounded to the matrix's dtype). `matrix` must come from this file.
void set_element(const SharedMatrix& matrix, std::size_t row, std::size_t col, float value);

inline constexpr DType all_dtypes[] = {DType::f32, DType::f16, DType::bf16};
inline constexpr Metric all_metrics[] = {Metric::inner_product, Metric::l2};

}  // namespace rattan::test
