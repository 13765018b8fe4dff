#include "tests/support/files.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace rattan::test {
namespace fs = std::filesystem;

namespace {

bool holds_dump(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "layer_00.safetensors", error);
}

}  // namespace

TempDirectory::TempDirectory() {
  std::string name = (fs::temp_directory_path() / "rattan-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory could be made: " + name);
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

fs::path trained_slice() { return fs::path(RATTAN_SOURCE_DIR) / "tests/support/trained_slice/layer_03.safetensors"; }

std::optional<fs::path> shared_data() {
  const char* named = std::getenv("RATTAN_DATA");
  fs::path folder = named != nullptr ? fs::path(named) : fs::path(RATTAN_SOURCE_DIR).parent_path() / "shared/data";
  std::error_code error;
  if (!fs::is_directory(folder, error)) return std::nullopt;
  return folder;
}

std::optional<fs::path> shared_dump() {
  const std::optional<fs::path> folder = shared_data();
  if (!folder) return std::nullopt;
  if (holds_dump(*folder)) return folder;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    if (entry.is_directory() && holds_dump(entry.path())) return entry.path();
  }
  return std::nullopt;
}

}  // namespace rattan::test
