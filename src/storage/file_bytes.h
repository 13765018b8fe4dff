// The whole content of one regular file, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace rattan {

// copy: private memory; what happens to the file later cannot reach the reader.
// map: shared pages, nothing is read until it is touched. A mapped file that someone else truncates kills the process
// with SIGBUS, so mapping is for files the caller trusts to stay as they are (dumps of many gigabytes).
enum class Access : std::uint8_t { copy, map };

class FileBytes {
 public:
  // Throws Error(not_found) for a missing file; Error(io) for a directory, FIFO or device, or where the operating
  // system refuses; Error(corrupt) for a file of 0 bytes; Error(no_memory). Never blocks on a FIFO.
  static std::shared_ptr<const FileBytes> open(const std::filesystem::path& path, Access access = Access::copy);

  virtual ~FileBytes() = default;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 protected:
  explicit FileBytes(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace rattan
