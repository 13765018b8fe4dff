// A folder in memory, where there is one, that is gone when the process ends in peace.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace rattan::fuzz {

class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  // Without fsync or rename.
  void write(std::string_view name, std::span<const std::byte> bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace rattan::fuzz
