// Bytes to read vectors from, with what keeps them alive and what to call them in errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/file_bytes.h"

namespace rattan::datasets {

struct Source {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::string name;

  // Throws what FileBytes::open throws.
  static Source open(const std::filesystem::path& path, Access access);
  static Source from_memory(std::vector<std::byte> bytes, std::string name);
};

// Integer rows, e.g. ground truth ids: rows x cols, row-major.
struct IntegerRows {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<std::int32_t> values;
};

}  // namespace rattan::datasets
