#include "tests/fuzz/scratch_folder.h"

#include <fcntl.h>
#include <stdlib.h>  // mkdtemp
#include <unistd.h>

#include <string>
#include <system_error>

#include "tests/fuzz/target.h"

namespace rattan::fuzz {

ScratchFolder::ScratchFolder() {
  const bool in_memory = ::access("/dev/shm", W_OK) == 0;
  std::string name =
      (in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "rattan-fuzz-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "a folder can be made");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void ScratchFolder::write(std::string_view name, std::span<const std::byte> bytes) const {
  const int file = ::open((path_ / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  require(file >= 0, "a file can be made");
  require(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "a file can be written");
  ::close(file);
}

}  // namespace rattan::fuzz
