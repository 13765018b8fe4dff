#include "datasets/vecs.h"

#include "core/check.h"
#include "storage/byte_reader.h"

namespace rattan::datasets {
namespace {

constexpr std::uint64_t element_size = 4;

struct Shape {
  std::size_t rows;
  std::size_t cols;
};

// Reads the dimension of every row.
Shape check_rows(const Source& source) {
  ByteReader in(source.bytes, source.name);
  const auto first = ByteReader(in).number<std::int32_t>("dimension of row 0");
  if (first < 1) fail(ErrorCode::corrupt, source.name, ": dimension of row 0 is ", first, ", at least 1 is needed");
  const auto cols = static_cast<std::uint64_t>(first);
  const std::uint64_t row_size = element_size * (cols + 1);
  if (source.bytes.size() % row_size != 0) {
    fail(ErrorCode::corrupt, source.name, ": ", source.bytes.size(), " bytes are no multiple of ", row_size,
         ", the size of a row of dimension ", cols);
  }
  const std::uint64_t rows = source.bytes.size() / row_size;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const auto dim = in.number<std::int32_t>("dimension");
    if (dim != first) {
      fail(ErrorCode::corrupt, source.name, ": dimension of row ", row, " is ", dim, ", that of row 0 is ", first);
    }
    in.take(element_size * cols, "row");
  }
  return {static_cast<std::size_t>(rows), static_cast<std::size_t>(cols)};
}

}  // namespace

SharedMatrix parse_fvecs(const Source& source) {
  const Shape shape = check_rows(source);
  return {{source.bytes.data() + element_size, DType::f32, shape.rows, shape.cols, shape.cols + 1}, source.owner};
}

IntegerRows parse_ivecs(const Source& source) {
  const Shape shape = check_rows(source);
  IntegerRows table{shape.rows, shape.cols, {}};
  table.values.reserve(shape.rows * shape.cols);
  ByteReader in(source.bytes, source.name);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    in.take(element_size, "dimension");
    const auto values = in.array<std::int32_t>(shape.cols, "row");
    table.values.insert(table.values.end(), values.begin(), values.end());
  }
  return table;
}

SharedMatrix read_fvecs(const std::filesystem::path& path, Access access) {
  return parse_fvecs(Source::open(path, access));
}

IntegerRows read_ivecs(const std::filesystem::path& path, Access access) {
  return parse_ivecs(Source::open(path, access));
}

}  // namespace rattan::datasets
