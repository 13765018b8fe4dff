// The file every saved index lives in: named sections, each under a checksum, and not one byte outside of them.
//
// Layout, all numbers little-endian (src/storage/FORMAT.md section 1 has the same with the reasons):
//
//   offset  bytes  what
//   0       8      magic "RATTANIX"
//   8       4      format version, 1
//   12      4      endian mark 0x01020304
//   16      16     kind, e.g. "graph", NUL-padded
//   32      8      file id: a hash of kind, section names and section contents; equal input gives equal files
//   40      8      total size of the file
//   48      4      number of sections, 0..64
//   52      4      zero
//   56      32 s   section table: name (16, NUL-padded), length (8), checksum (8)
//   ...     8      checksum of every byte before this one (XXH3-64, seed 0)
//   ...            sections in table order, each beginning at the next multiple of 64; bytes between are zero
//
// A section's checksum is XXH3-64 seeded with file id + section number, so a section of another file or place does not
// pass. Offsets are not stored: they follow from the lengths. The file ends with the last section's last byte.
// Reading checks everything at once: magic, version, checksums, padding, total size. Structure is checked on its own,
// so a file with recomputed checksums can be wrong but never unsafe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/byte_reader.h"

namespace rattan {

inline constexpr std::uint32_t container_version = 1;
inline constexpr std::size_t max_container_sections = 64;

class ContainerWriter {
 public:
  // `kind`: 1 to 16 characters of [a-z0-9_].
  explicit ContainerWriter(std::string kind);

  // Sections keep the order of their addition. `name` as kind, not used before; at most 64 sections.
  void add(std::string name, std::vector<std::byte> content);

  // Atomic: see atomic_save.h. Throws Error(io).
  void save(const std::filesystem::path& path) const;

  // What save() writes.
  std::vector<std::byte> bytes() const;

 private:
  struct Section {
    std::string name;
    std::vector<std::byte> content;
  };
  std::vector<std::byte> head() const;
  std::vector<std::span<const std::byte>> pieces(std::span<const std::byte> head) const;

  std::string kind_;
  std::vector<Section> sections_;
};

// A verified container in private memory. Copies share it.
class Container {
 public:
  // Throws Error(not_found, io, corrupt, version) naming the file.
  static Container open(const std::filesystem::path& path);
  static Container parse(std::vector<std::byte> bytes, std::string name = "container");

  const std::string& kind() const noexcept { return kind_; }
  const std::string& name() const noexcept { return name_; }  // the path, for errors
  bool has(std::string_view section) const noexcept;

  // A reader over the whole section; its bytes live as long as any copy of this container. Error(corrupt) if missing.
  ByteReader section(std::string_view section) const;

 private:
  struct Section {
    std::string name;
    std::uint64_t offset;
    std::span<const std::byte> content;
  };
  Container(std::shared_ptr<const void> owner, std::span<const std::byte> bytes, std::string name);

  std::shared_ptr<const void> owner_;
  std::string name_;
  std::string kind_;
  std::vector<Section> sections_;
};

}  // namespace rattan
