#include "bench/measure/scratch_folder.h"

#include <random>
#include <string>
#include <system_error>

namespace rattan::bench {

ScratchFolder::ScratchFolder(std::string_view name, const std::filesystem::path& parent) {
  const std::filesystem::path folder = parent.empty() ? std::filesystem::temp_directory_path() : parent;
  std::filesystem::create_directories(folder);
  std::random_device random;
  do {
    path_ = folder / (std::string(name) + "-" + std::to_string(random()));
  } while (!std::filesystem::create_directory(path_));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace rattan::bench
