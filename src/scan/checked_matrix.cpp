#include "scan/checked_matrix.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "core/check.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// Elements with all exponent bits set are NaN or infinite. Adding the lowest exponent bit to the masked exponent
// carries into the sign place for just those, and never into the next element: several elements are tested per word.
// Adding more of them finds lower exponents.
struct ExponentTest {
  std::uint64_t mask;
  std::uint64_t add;
  std::uint64_t carry;

  constexpr std::uint64_t operator()(std::uint64_t word) const noexcept { return ((word & mask) + add) & carry; }
};

constexpr ExponentTest exponent_test(DType dtype, Allowed allowed) noexcept {
  constexpr std::uint64_t bias = 127;
  const std::uint64_t steps = allowed == Allowed::finite ? 1 : 256 - (bias + 24);
  switch (dtype) {
    case DType::f16: return {0x7c007c007c007c00ULL, 0x0400040004000400ULL, 0x8000800080008000ULL};  // all below 2^16
    case DType::bf16: return {0x7f807f807f807f80ULL, 0x0080008000800080ULL * steps, 0x8000800080008000ULL};
    case DType::f32: break;
  }
  return {0x7f8000007f800000ULL, 0x0080000000800000ULL * steps, 0x8000000080000000ULL};
}

std::uint64_t load(const std::byte* source, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, source, bytes);
  return word;
}

std::uint64_t load(const std::byte* source) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, source, sizeof word);
  return word;
}

bool all_finite(const std::byte* row, std::size_t bytes, const ExponentTest& test) noexcept {
  std::uint64_t found[4] = {};
  std::size_t i = 0;
  for (; i + 32 <= bytes; i += 32) {
    for (std::size_t lane = 0; lane < 4; ++lane) found[lane] |= test(load(row + i + 8 * lane));
  }
  for (; i + 8 <= bytes; i += 8) found[0] |= test(load(row + i));
  if (i < bytes) found[1] |= test(load(row + i, bytes - i));
  return (found[0] | found[1] | found[2] | found[3]) == 0;
}

std::size_t first_bad_column(const MatrixView& matrix, std::size_t row, const ExponentTest& test) noexcept {
  const std::size_t size = dtype_size(matrix.dtype);
  const auto* bytes = static_cast<const std::byte*>(matrix.row(row));
  std::size_t col = 0;
  while (test(load(bytes + col * size, size)) == 0) ++col;
  return col;
}

}  // namespace

void check_view(const MatrixView& matrix, std::string_view name) {
  if (matrix.dtype > DType::bf16) {
    fail(ErrorCode::invalid_argument, name, ": dtype is ", static_cast<int>(matrix.dtype), ", allowed is 0 to 2");
  }
  if (matrix.row_stride < matrix.cols) {
    fail(ErrorCode::invalid_argument, name, ": row_stride is ", matrix.row_stride, ", allowed is cols (", matrix.cols,
         ") or more");
  }
  if (matrix.data == nullptr && matrix.rows != 0 && matrix.cols != 0) {
    fail(ErrorCode::invalid_argument, name, ": data is null, but the view has ", matrix.rows, " rows");
  }
}

void check_matrix(const MatrixView& matrix, std::string_view name) {
  check_view(matrix, name);
  // Names are made where something is wrong: every append comes by here.
  const auto check = [&](std::string_view part, std::size_t value, std::size_t least, std::size_t most) {
    if (value < least || value > most) check_range<std::size_t>(message(name, ".", part), value, least, most);
  };
  check("cols", matrix.cols, 1, std::size_t{1} << 16);
  check("rows", matrix.rows, 0, no_key);
  const std::uint64_t elements = checked_mul(matrix.rows, matrix.row_stride, name, ErrorCode::invalid_argument);
  checked_mul(elements, dtype_size(matrix.dtype), name, ErrorCode::invalid_argument);
}

bool is_allowed(const MatrixView& matrix, Allowed allowed) noexcept {
  const ExponentTest test = exponent_test(matrix.dtype, allowed);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    if (!all_finite(static_cast<const std::byte*>(matrix.row(row)), matrix.row_bytes(), test)) return false;
  }
  return true;
}

void check_finite(MatrixView matrix, std::string_view name, Executor& executor, Allowed allowed) {
  check_view(matrix, name);
  if (matrix.cols == 0) return;
  constexpr std::size_t block_bytes = std::size_t{256} * 1024;
  const std::size_t block = std::max<std::size_t>(1, block_bytes / matrix.row_bytes());
  const ExponentTest test = exponent_test(matrix.dtype, allowed);

  std::atomic<std::size_t> first_bad{matrix.rows};
  parallel_blocks(executor, matrix.rows, block, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t row = begin; row < end && row < first_bad.load(std::memory_order_relaxed); ++row) {
      if (all_finite(static_cast<const std::byte*>(matrix.row(row)), matrix.row_bytes(), test)) continue;
      std::size_t lowest = first_bad.load();
      while (row < lowest && !first_bad.compare_exchange_weak(lowest, row)) {
      }
      return;
    }
  });

  const std::size_t row = first_bad.load();
  if (row == matrix.rows) return;
  const std::size_t col = first_bad_column(matrix, row, test);
  const auto* bytes = static_cast<const std::byte*>(matrix.row(row)) + col * dtype_size(matrix.dtype);
  const bool number = exponent_test(matrix.dtype, Allowed::finite)(load(bytes, dtype_size(matrix.dtype))) == 0;
  fail(ErrorCode::invalid_argument, name, ": row ", row, ", column ", col, " is ",
       number ? "2^24 or more, allowed are magnitudes below 2^24 (16777216), of which scores stay within fp32"
              : "NaN or infinite, allowed are finite values");
}

}  // namespace rattan
