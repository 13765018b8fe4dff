// A damaged container whose checksums are right again: what a writer that lies would make.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "storage/checksum.h"
#include "storage/container.h"

namespace rattan::fuzz {

inline constexpr std::size_t container_table_at = 56;  // src/storage/FORMAT.md section 1
inline constexpr std::size_t container_entry_size = 32;

template <typename T>
T number_at(const std::vector<std::byte>& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

inline void put(std::vector<std::byte>& bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// Follows the section table as far as it leads.
inline std::vector<std::byte> repaired(std::vector<std::byte> bytes) {
  if (bytes.size() < container_table_at + 8) return bytes;
  const std::string_view magic = "RATTANIX";
  std::memcpy(bytes.data(), magic.data(), magic.size());
  put(bytes, 40, bytes.size());
  const std::size_t sections = std::min<std::size_t>(number_at<std::uint32_t>(bytes, 48), max_container_sections);
  const std::size_t head = container_table_at + container_entry_size * sections;
  if (bytes.size() < head + 8) return bytes;
  std::uint64_t at = head + 8;
  for (std::size_t s = 0; s < sections; ++s) {
    at = (at + 63) / 64 * 64;
    const auto length = number_at<std::uint64_t>(bytes, container_table_at + container_entry_size * s + 16);
    if (at > bytes.size() || length > bytes.size() - at) break;
    const auto content = std::span(bytes).subspan(at, length);
    put(bytes, container_table_at + container_entry_size * s + 24,
        checksum(content, number_at<std::uint64_t>(bytes, 32) + s));
    at += length;
  }
  put(bytes, head, checksum(std::span(bytes).first(head)));
  return bytes;
}

}  // namespace rattan::fuzz
