// A folder for files that are needed for a moment.
#pragma once

#include <filesystem>
#include <string_view>

namespace rattan::bench {

// Made in `parent` (empty: the system's temporary folder) under a name that begins with `name` and no other has; gone
// with the object. Throws std::filesystem::filesystem_error where it cannot be made.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::string_view name, const std::filesystem::path& parent = {});
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rattan::bench
