// Temporary directories, whole files, and where the shared data of the project lies.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace rattan::test {

// A fresh empty directory that is removed with everything in it.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view bytes);

// A dump of 1,408 tokens of the trained model, KV head 1 of layer 3, in the source tree: 4 query heads, f16.
std::filesystem::path trained_slice();

// The folder with the trained model and its dumps: $RATTAN_DATA if it is set, else ../shared/data beside the source
// tree. Empty where neither exists; tests that need it then GTEST_SKIP().
std::optional<std::filesystem::path> shared_data();

// A dump of the trained model (a folder of layer_*.safetensors): $RATTAN_DATA itself, or the first folder below it that
// holds one. Empty where there is none.
std::optional<std::filesystem::path> shared_dump();

}  // namespace rattan::test
