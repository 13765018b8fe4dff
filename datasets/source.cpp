#include "datasets/source.h"

#include <utility>

namespace rattan::datasets {

Source Source::open(const std::filesystem::path& path, Access access) {
  auto file = FileBytes::open(path, access);
  const auto bytes = file->bytes();
  return {bytes, std::move(file), path.string()};
}

Source Source::from_memory(std::vector<std::byte> bytes, std::string name) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const std::span<const std::byte> view(*owner);
  return {view, std::move(owner), std::move(name)};
}

}  // namespace rattan::datasets
