#include "rattan/matrix.h"

#include <algorithm>
#include <cstring>

#include "core/aligned.h"
#include "core/check.h"

namespace rattan {
namespace {

constexpr auto invalid = ErrorCode::invalid_argument;

// Returns the elements from one block to the next.
std::uint64_t check_pages(const PagedRows& rows) {
  if (rows.block_rows == 0) fail(invalid, "block_rows is 0, allowed is 1 or more");
  if (rows.row_stride < rows.cols) {
    fail(invalid, "row_stride is ", rows.row_stride, ", allowed is at least the ", rows.cols, " cols");
  }
  const std::size_t blocks = rows.rows / rows.block_rows + (rows.rows % rows.block_rows != 0 ? 1 : 0);
  if (rows.table.size() < blocks) {
    fail(invalid, "table has ", rows.table.size(), " blocks, ", rows.rows, " rows need ", blocks);
  }
  if (rows.rows != 0 && rows.data == nullptr)
    fail(invalid, "data is null, allowed is an address of ", rows.rows, " rows");

  const std::uint64_t within = checked_mul(rows.block_rows, rows.row_stride, "block_rows * row_stride", invalid);
  const std::uint64_t block_stride = rows.block_stride != 0 ? rows.block_stride : within;
  if (block_stride < rows.cols) {
    fail(invalid, "block_stride is ", block_stride, ", allowed is 0 or at least the ", rows.cols, " cols");
  }
  // The last byte of the farthest block: no address of a row wraps around.
  std::uint64_t farthest = 0;
  for (const std::uint32_t block : rows.table.first(blocks)) farthest = std::max<std::uint64_t>(farthest, block);
  const std::uint64_t before = checked_mul(farthest, block_stride, "table entry * block_stride", invalid);
  checked_mul(checked_add(before, within, "paged rows", invalid), dtype_size(rows.dtype), "bytes of a pool", invalid);
  return block_stride;
}

}  // namespace

SharedMatrix gather(const PagedRows& rows) {
  const std::uint64_t block_stride = check_pages(rows);
  const std::size_t row_bytes = checked_mul(rows.cols, dtype_size(rows.dtype), "bytes of a row", invalid);
  const auto memory =
      std::make_shared<AlignedVector<std::byte>>(checked_mul(rows.rows, row_bytes, "rows * cols", invalid));
  std::byte* to = memory->data();
  for (std::size_t row = 0; row < rows.rows; row += rows.block_rows) {
    const std::size_t block = rows.table[row / rows.block_rows];
    const std::size_t count = std::min(rows.block_rows, rows.rows - row);
    const MatrixView from(static_cast<const std::byte*>(rows.data) + block * block_stride * dtype_size(rows.dtype),
                          rows.dtype, count, rows.cols, rows.row_stride);
    for (std::size_t i = 0; i < count && row_bytes != 0; ++i, to += row_bytes) std::memcpy(to, from.row(i), row_bytes);
  }
  return {{memory->data(), rows.dtype, rows.rows, rows.cols}, memory};
}

}  // namespace rattan
