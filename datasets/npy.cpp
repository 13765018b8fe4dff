#include "datasets/npy.h"

#include <optional>

#include "core/check.h"
#include "datasets/npy_header.h"
#include "storage/byte_reader.h"

namespace rattan::datasets {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t max_header_size = std::uint64_t{1} << 16;

std::string read_header_text(ByteReader& in) {
  if (in.text(magic.size(), "magic") != magic) fail(ErrorCode::corrupt, in.name(), ": not an .npy file (magic)");
  const unsigned major = in.u8("major version");
  const unsigned minor = in.u8("minor version");
  if (major < 1 || major > 3 || minor != 0) {
    fail(ErrorCode::unsupported, in.name(), ": .npy version ", major, ".", minor, ", read are 1.0, 2.0 and 3.0");
  }
  const std::uint64_t size = major == 1 ? in.u16("header length") : in.u32("header length");
  if (size > max_header_size) {
    fail(ErrorCode::corrupt, in.name(), ": header length is ", size, ", allowed is up to ", max_header_size);
  }
  return in.text(size, "header");
}

[[noreturn]] void refuse(const std::string& name, std::string_view what, std::string_view advice) {
  fail(ErrorCode::unsupported, name, ": ", what, "; ", advice);
}

DType dtype_of(const std::string& descr, const std::string& name) {
  if (descr == "<f4") return DType::f32;
  if (descr == "<f2") return DType::f16;
  if (descr == "<u2") return DType::bf16;
  constexpr std::string_view advice = "read are '<f4', '<f2' and '<u2' (bfloat16 bit patterns)";
  if (descr.starts_with('[')) refuse(name, "structured dtype", advice);
  if (descr.find('O') != std::string::npos) refuse(name, "dtype '" + descr + "' holds pickled objects", advice);
  if (descr.starts_with('>')) refuse(name, "dtype '" + descr + "' is big-endian", advice);
  refuse(name, "dtype '" + descr + "'", advice);
}

}  // namespace

NpyMatrix parse_npy(const Source& source) {
  ByteReader in(source.bytes, source.name);
  const NpyHeader header = parse_npy_header(read_header_text(in), source.name);
  const DType dtype = dtype_of(header.descr, source.name);
  if (header.fortran_order) refuse(source.name, "array in Fortran order", "save numpy.ascontiguousarray(array)");
  if (header.shape.size() != 2) {
    refuse(source.name, message("array with ", header.shape.size(), " dimensions"), "expected are rows and columns");
  }
  const std::uint64_t rows = header.shape[0];
  const std::uint64_t cols = header.shape[1];
  if (cols == 0) fail(ErrorCode::corrupt, source.name, ": shape has 0 columns");
  const std::uint64_t elements = checked_mul(rows, cols, source.name + ": shape");
  const std::uint64_t size = checked_mul(elements, dtype_size(dtype), source.name + ": shape * element size");
  if (size != in.remaining()) {
    fail(ErrorCode::corrupt, source.name, ": shape (", rows, ", ", cols, ") needs ", size, " bytes, the file holds ",
         in.remaining(), " after its header");
  }
  const auto data = in.take(size, "data");
  const MatrixView view(data.data(), dtype, static_cast<std::size_t>(rows), static_cast<std::size_t>(cols));
  return {{view, source.owner}, header.descr == "<u2"};
}

NpyMatrix read_npy(const std::filesystem::path& path, Access access) { return parse_npy(Source::open(path, access)); }

}  // namespace rattan::datasets
