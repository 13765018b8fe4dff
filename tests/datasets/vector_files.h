// A matrix as the files of vectors hold it.
#pragma once

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/byte_writer.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {

inline void write_bytes(const std::filesystem::path& path, const ByteWriter& out) {
  write_file(path, {reinterpret_cast<const char*>(out.view().data()), out.view().size()});
}

inline void put_rows(ByteWriter& out, const MatrixView& matrix) {
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    out.bytes({static_cast<const std::byte*>(matrix.row(row)), matrix.row_bytes()});
  }
}

inline std::vector<float> floats_of(const MatrixView& matrix) {
  std::vector<float> values;
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    for (const double value : row_values(matrix, row)) values.push_back(static_cast<float>(value));
  }
  return values;
}

// As stored; bf16 as '<u2'.
inline void write_npy(const std::filesystem::path& path, const MatrixView& matrix) {
  const char* const descr = matrix.dtype == DType::f32 ? "<f4" : matrix.dtype == DType::f16 ? "<f2" : "<u2";
  const std::string header =
      message("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", matrix.rows, ", ", matrix.cols, "), }\n");
  ByteWriter out;
  out.text("\x93NUMPY");
  out.u8(1);
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(header.size()));
  out.text(header);
  put_rows(out, matrix);
  write_bytes(path, out);
}

// f16bin of an f16 matrix, else fbin.
inline void write_xbin(const std::filesystem::path& path, const MatrixView& matrix) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(matrix.rows));
  out.u32(static_cast<std::uint32_t>(matrix.cols));
  if (path.extension() == ".f16bin") {
    put_rows(out, matrix);
  } else {
    out.array(floats_of(matrix));
  }
  write_bytes(path, out);
}

inline void write_ibin(const std::filesystem::path& path, const std::vector<std::int32_t>& ids, std::size_t cols) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(ids.size() / cols));
  out.u32(static_cast<std::uint32_t>(cols));
  out.array(ids);
  write_bytes(path, out);
}

inline void write_fvecs(const std::filesystem::path& path, const MatrixView& matrix) {
  ByteWriter out;
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    out.u32(static_cast<std::uint32_t>(matrix.cols));
    out.array(floats_of(matrix.slice(row, 1)));
  }
  write_bytes(path, out);
}

// Rows of the heads of a group in one matrix: row = step * heads + head.
inline SharedMatrix interleave(const std::vector<SharedMatrix>& heads) {
  const MatrixView& first = heads.front().view;
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (std::size_t row = 0; row < first.rows; ++row) {
    for (const SharedMatrix& head : heads) {
      const auto* const begin = static_cast<const std::byte*>(head.view.row(row));
      bytes->insert(bytes->end(), begin, begin + first.row_bytes());
    }
  }
  const MatrixView view(bytes->data(), first.dtype, first.rows * heads.size(), first.cols);
  return {view, std::move(bytes)};
}

// The rows of `a`, then those of `b`.
inline SharedMatrix joined_rows(const MatrixView& a, const MatrixView& b) {
  ByteWriter out;
  put_rows(out, a);
  put_rows(out, b);
  auto bytes = std::make_shared<std::vector<std::byte>>(out.take());
  const MatrixView view(bytes->data(), a.dtype, a.rows + b.rows, a.cols);
  return {view, std::move(bytes)};
}

}  // namespace rattan::test
