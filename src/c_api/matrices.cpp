#include "c_api/matrices.h"

#include <algorithm>

#include "core/check.h"

namespace rattan::c_api {
namespace {

// The elements of the rows are counted in 64 bits, so that no product of sizes wraps around.
constexpr std::uint64_t most_rows = no_key;
constexpr std::uint64_t most_stride = std::uint64_t{1} << 40;
constexpr std::uint64_t one = 1;

// Names are put together where something is wrong, and only there: decode steps come by here.
void check_member(std::string_view name, std::string_view member, std::uint64_t value, std::uint64_t low,
                  std::uint64_t high) {
  if (value < low || value > high) check_range(message(name, ".", member), value, low, high);
}

// Elements from each row to the next.
std::uint64_t checked_stride(const rattan_matrix& matrix, std::string_view name) {
  check_member(name, "dtype", matrix.dtype, RATTAN_F32, RATTAN_BF16);
  check_member(name, "rows", matrix.rows, 0, most_rows);
  const std::uint64_t stride = matrix.row_stride != 0 ? matrix.row_stride : matrix.cols;
  check_member(name, "row_stride", stride, matrix.cols, most_stride);
  if (matrix.rows != 0 && matrix.data == nullptr) {
    fail(ErrorCode::invalid_argument, name, ".data is NULL, allowed is a pointer to ", matrix.rows, " rows");
  }
  return stride;
}

}  // namespace

SharedMatrix to_matrix(const rattan_matrix& matrix, std::string_view name) {
  if (matrix.block_table != nullptr) return gather(to_pages(matrix, name));
  const std::uint64_t stride = checked_stride(matrix, name);
  return MatrixView(matrix.data, static_cast<DType>(matrix.dtype), matrix.rows, matrix.cols, stride);
}

PagedRows to_pages(const rattan_matrix& matrix, std::string_view name) {
  const std::uint64_t stride = checked_stride(matrix, name);
  if (matrix.block_table == nullptr) {
    fail(ErrorCode::invalid_argument, name, ".block_table is NULL, allowed is a table, as all keys and values have");
  }
  check_member(name, "block_rows", matrix.block_rows, 1, std::min(most_rows, most_stride / std::max(stride, one)));
  const std::uint64_t block_stride = matrix.block_stride != 0 ? matrix.block_stride : matrix.block_rows * stride;
  check_member(name, "block_stride", block_stride, matrix.cols, most_stride);
  PagedRows paged;
  paged.data = matrix.data;
  paged.dtype = static_cast<DType>(matrix.dtype);
  paged.rows = matrix.rows;
  paged.cols = matrix.cols;
  paged.row_stride = stride;
  paged.table = {matrix.block_table, (matrix.rows + matrix.block_rows - 1) / matrix.block_rows};
  paged.block_rows = matrix.block_rows;
  paged.block_stride = block_stride;
  return paged;
}

std::vector<PagedRows> to_all_pages(const rattan_matrix* matrices, std::size_t count, std::string_view name) {
  std::vector<PagedRows> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(to_pages(matrices[i], message(name, "[", i, "]")));
  return all;
}

std::vector<SharedMatrix> to_matrices(const rattan_matrix* matrices, std::size_t count, std::string_view name) {
  std::vector<SharedMatrix> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(to_matrix(matrices[i], message(name, "[", i, "]")));
  return all;
}

}  // namespace rattan::c_api
