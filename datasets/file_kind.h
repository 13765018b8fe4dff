// What a file is, told by its first bytes and, where a format has none of its own, by its name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace rattan::datasets {

enum class FileKind : std::uint8_t {
  safetensors,
  shard_index,  // *.index.json of sharded safetensors
  npy,
  fvecs,
  ivecs,
  fbin,
  f16bin,
  ibin,
  hdf5,
  rattan_index,
  result_rows,  // of rattan-bench
  zip,          // npz, and what torch.save writes
  pickle,
  gguf,
  parquet,
  packed,  // gzip, zstd, xz
  text,
  unknown
};

// Throws what FileBytes::open throws.
FileKind kind_of_file(const std::filesystem::path& path);

// "an HDF5 file".
std::string_view describe(FileKind kind) noexcept;

// What takes such a file where keys and queries are wanted, or turns it into what does: a sentence without full stop.
std::string_view advice(FileKind kind) noexcept;

}  // namespace rattan::datasets
