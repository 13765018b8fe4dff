#include "datasets/xbin.h"

#include "core/check.h"
#include "storage/byte_reader.h"

namespace rattan::datasets {
namespace {

struct Body {
  std::uint32_t rows;
  std::uint32_t cols;
  ByteReader numbers;
};

Body read_head(const Source& source, std::uint64_t element_size) {
  ByteReader in(source.bytes, source.name);
  const auto rows = in.u32("rows");
  const auto cols = in.u32("cols");
  if (cols == 0) fail(ErrorCode::corrupt, source.name, ": cols is 0, at least 1 is needed");
  const std::string what = message(source.name, ": ", rows, " rows * ", cols, " cols");
  const std::uint64_t size = checked_mul(checked_mul(rows, cols, what), element_size, what);
  if (size != in.remaining()) {
    fail(ErrorCode::corrupt, source.name, ": ", rows, " rows of ", cols, " need ", size, " bytes, the file holds ",
         in.remaining(), " after its head (fvecs and ivecs files have no such head)");
  }
  return {rows, cols, in};
}

}  // namespace

SharedMatrix parse_xbin(const Source& source, DType dtype) {
  Body body = read_head(source, dtype_size(dtype));
  const auto numbers = body.numbers.take(body.numbers.remaining(), "numbers");
  return {{numbers.data(), dtype, body.rows, body.cols}, source.owner};
}

IntegerRows parse_ibin(const Source& source) {
  Body body = read_head(source, sizeof(std::int32_t));
  return {body.rows, body.cols, body.numbers.array<std::int32_t>(std::uint64_t{body.rows} * body.cols, "numbers")};
}

SharedMatrix read_fbin(const std::filesystem::path& path, Access access) {
  return parse_xbin(Source::open(path, access), DType::f32);
}

SharedMatrix read_f16bin(const std::filesystem::path& path, Access access) {
  return parse_xbin(Source::open(path, access), DType::f16);
}

IntegerRows read_ibin(const std::filesystem::path& path, Access access) {
  return parse_ibin(Source::open(path, access));
}

}  // namespace rattan::datasets
