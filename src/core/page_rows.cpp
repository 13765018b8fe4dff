#include "core/page_rows.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/aligned.h"
#include "core/check.h"

namespace rattan {

void PageRows::write_addresses(std::size_t begin, std::size_t count, const void** to) const noexcept {
  std::size_t page = begin / page_rows;
  std::size_t within = begin % page_rows;
  for (std::size_t i = 0; i < count; within = 0) {
    const std::byte* address = data + table[page++] * page_bytes + within * stride_bytes;
    const std::size_t end = std::min<std::size_t>(count, i + page_rows - within);
    for (; i < end; ++i, address += stride_bytes) to[i] = address;
  }
}

bool PageRows::consecutive(std::size_t begin, std::size_t count) const noexcept {
  if (count == 0) return true;
  const std::size_t first = begin / page_rows;
  const std::size_t last = (begin + count - 1) / page_rows;
  if (first != last && page_bytes != page_rows * stride_bytes) return false;
  for (std::size_t page = first; page < last; ++page) {
    if (table[page] + std::uint64_t{1} != table[page + 1]) return false;
  }
  return true;
}

PageRows checked_pages(const PagedRows& rows, std::string_view name) {
  constexpr auto invalid = ErrorCode::invalid_argument;
  if (rows.dtype > DType::bf16) {
    fail(invalid, name, "dtype is ", static_cast<int>(rows.dtype), ", allowed is 0 to 2");
  }
  if (rows.block_rows == 0) fail(invalid, name, "block_rows is 0, allowed is 1 or more");
  if (rows.row_stride < rows.cols) {
    fail(invalid, name, "row_stride is ", rows.row_stride, ", allowed is at least the ", rows.cols, " cols");
  }
  const std::size_t blocks = rows.rows / rows.block_rows + (rows.rows % rows.block_rows != 0 ? 1 : 0);
  if (rows.table.size() < blocks) {
    fail(invalid, name, "table has ", rows.table.size(), " blocks, ", rows.rows, " rows need ", blocks);
  }
  if (rows.rows != 0 && rows.data == nullptr) {
    fail(invalid, name, "data is null, allowed is an address of ", rows.rows, " rows");
  }
  const std::uint64_t within = checked_mul(rows.block_rows, rows.row_stride, "block_rows * row_stride", invalid);
  const std::uint64_t block_stride = rows.block_stride != 0 ? rows.block_stride : within;
  if (block_stride < rows.cols) {
    fail(invalid, name, "block_stride is ", block_stride, ", allowed is 0 or at least the ", rows.cols, " cols");
  }
  // The last byte of the farthest block: no address of a row wraps around.
  std::uint64_t farthest = 0;
  for (const std::uint32_t block : rows.table.first(blocks)) farthest = std::max<std::uint64_t>(farthest, block);
  const std::uint64_t before = checked_mul(farthest, block_stride, "table entry * block_stride", invalid);
  const std::size_t size = dtype_size(rows.dtype);
  checked_mul(checked_add(before, within, "paged rows", invalid), size, "bytes of a pool", invalid);
  return {static_cast<const std::byte*>(rows.data), rows.table.data(),
          static_cast<std::uint32_t>(std::min<std::size_t>(rows.block_rows, no_key)), block_stride * size,
          rows.row_stride * size};
}

SharedMatrix gather(const PagedRows& rows) {
  const PageRows pages = checked_pages(rows, "");
  const std::size_t row_bytes =
      checked_mul(rows.cols, dtype_size(rows.dtype), "bytes of a row", ErrorCode::invalid_argument);
  const auto memory = std::make_shared<AlignedVector<std::byte>>(
      checked_mul(rows.rows, row_bytes, "rows * cols", ErrorCode::invalid_argument));
  std::byte* to = memory->data();
  for (std::size_t row = 0; row < rows.rows && row_bytes != 0; ++row, to += row_bytes) {
    std::memcpy(to, pages.row(row), row_bytes);
  }
  return {{memory->data(), rows.dtype, rows.rows, rows.cols}, memory};
}

}  // namespace rattan
