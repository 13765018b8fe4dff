#include "index/checks.h"

#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "scan/finite.h"

namespace rattan {

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

}  // namespace rattan
