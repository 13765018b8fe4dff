#include "storage/container.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"
#include "storage/atomic_save.h"
#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "storage/file_bytes.h"

namespace rattan {
namespace {

constexpr std::string_view magic = "RATTANIX";
constexpr std::uint32_t endian_mark = 0x01020304;
constexpr std::uint32_t swapped_endian_mark = 0x04030201;
constexpr std::size_t name_width = 16;
constexpr std::size_t header_size = 56;
constexpr std::size_t entry_size = 32;
constexpr std::size_t checksum_size = 8;
constexpr std::uint64_t alignment = 64;
constexpr std::array<std::byte, alignment> padding{};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_width && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void check_name(std::string_view what, std::string_view name, ErrorCode code) {
  if (!is_name(name)) fail(code, what, " is \"", name, "\", allowed are 1 to 16 characters of a-z, 0-9 and _");
}

constexpr std::uint64_t head_size(std::uint64_t sections) {
  return header_size + entry_size * sections + checksum_size;
}

// Bytes of zeros between `offset` and the next section.
constexpr std::uint64_t padding_at(std::uint64_t offset) { return (alignment - offset % alignment) % alignment; }

struct Entry {
  std::string name;
  std::uint64_t length;
  std::uint64_t checksum;
};

struct Head {
  std::string kind;
  std::uint64_t file_id;
  std::vector<Entry> entries;
};

void check_format(ByteReader& in) {
  if (in.text(magic.size(), "magic") != magic) fail(ErrorCode::corrupt, in.name(), ": not a Rattan file (magic)");
  const auto version = in.u32("format version");
  const auto endian = in.u32("endian mark");
  if (endian == swapped_endian_mark) fail(ErrorCode::corrupt, in.name(), ": written big-endian");
  if (endian != endian_mark) fail(ErrorCode::corrupt, in.name(), ": endian mark is ", endian);
  if (version == 0) fail(ErrorCode::corrupt, in.name(), ": format version is 0");
  if (version > container_version) {
    fail(ErrorCode::version, in.name(), ": format version is ", version, ", this library reads up to ",
         container_version);
  }
}

Entry read_entry(ByteReader& in) {
  Entry entry;
  entry.name = in.padded_text(name_width, "section name");
  entry.length = in.u64("section length");
  entry.checksum = in.u64("section checksum");
  check_name(in.name() + ": section name", entry.name, ErrorCode::corrupt);
  return entry;
}

void check_unique(const std::vector<Entry>& entries, const std::string& file) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail(ErrorCode::corrupt, file, ": section \"", *twice, "\" is there twice");
}

// Reads and verifies everything before the first section. The checksum comes before the fields are believed, but for
// those that say how long the head is.
Head read_head(ByteReader& in, std::span<const std::byte> all) {
  check_format(in);
  Head head;
  const auto kind = in.take(name_width, "kind");
  head.file_id = in.u64("file id");
  const auto total = in.u64("total size");
  if (total != all.size()) {
    fail(ErrorCode::corrupt, in.name(), ": total size is ", total, ", the file has ", all.size(), " bytes");
  }
  const auto sections = in.number_in<std::uint32_t>("number of sections", 0, max_container_sections);
  in.zeros(4, "reserved field");
  ByteReader table(in.take(entry_size * sections, "section table"), in.name(), header_size);
  const auto covered = all.first(static_cast<std::size_t>(in.offset()));
  if (in.u64("header checksum") != checksum(covered)) fail(ErrorCode::corrupt, in.name(), ": header checksum differs");

  head.kind = ByteReader(kind, in.name(), 16).padded_text(name_width, "kind");
  check_name(in.name() + ": kind", head.kind, ErrorCode::corrupt);
  for (std::uint32_t s = 0; s < sections; ++s) head.entries.push_back(read_entry(table));
  check_unique(head.entries, in.name());
  return head;
}

}  // namespace

ContainerWriter::ContainerWriter(std::string kind) : kind_(std::move(kind)) {
  check_name("container kind", kind_, ErrorCode::invalid_argument);
}

void ContainerWriter::add(std::string name, std::vector<std::byte> content) {
  check_name("section name", name, ErrorCode::invalid_argument);
  if (sections_.size() == max_container_sections) {
    fail(ErrorCode::invalid_argument, "section \"", name, "\": a container holds at most ", max_container_sections);
  }
  for (const Section& section : sections_) {
    if (section.name == name) fail(ErrorCode::invalid_argument, "section \"", name, "\" was added before");
  }
  sections_.push_back({std::move(name), std::move(content)});
}

std::vector<std::byte> ContainerWriter::head() const {
  ByteWriter identity;
  identity.padded_text(kind_, name_width);
  std::uint64_t end = head_size(sections_.size());
  for (const Section& section : sections_) {
    identity.padded_text(section.name, name_width);
    identity.u64(section.content.size());
    identity.u64(checksum(section.content));
    end += padding_at(end) + section.content.size();
  }
  const std::uint64_t file_id = checksum(identity.view());

  ByteWriter out;
  out.text(magic);
  out.u32(container_version);
  out.u32(endian_mark);
  out.padded_text(kind_, name_width);
  out.u64(file_id);
  out.u64(end);
  out.u32(static_cast<std::uint32_t>(sections_.size()));
  out.u32(0);
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    out.padded_text(sections_[s].name, name_width);
    out.u64(sections_[s].content.size());
    out.u64(checksum(sections_[s].content, file_id + s));
  }
  out.u64(checksum(out.view()));
  return out.take();
}

std::vector<std::span<const std::byte>> ContainerWriter::pieces(std::span<const std::byte> head) const {
  std::vector<std::span<const std::byte>> pieces{head};
  std::uint64_t end = head.size();
  for (const Section& section : sections_) {
    pieces.push_back(std::span(padding).first(static_cast<std::size_t>(padding_at(end))));
    pieces.push_back(section.content);
    end += padding_at(end) + section.content.size();
  }
  return pieces;
}

void ContainerWriter::save(const std::filesystem::path& path) const {
  const std::vector<std::byte> start = head();
  atomic_save(path, pieces(start));
}

std::vector<std::byte> ContainerWriter::bytes() const {
  const std::vector<std::byte> start = head();
  std::vector<std::byte> all;
  for (const auto piece : pieces(start)) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

Container Container::open(const std::filesystem::path& path) {
  const auto file = FileBytes::open(path);
  return {file, file->bytes(), path.string()};
}

Container Container::parse(std::vector<std::byte> bytes, std::string name) {
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {owner, *owner, std::move(name)};
}

Container::Container(std::shared_ptr<const void> owner, std::span<const std::byte> bytes, std::string name)
    : owner_(std::move(owner)), name_(std::move(name)) {
  ByteReader in(bytes, name_);
  Head head = read_head(in, bytes);
  kind_ = std::move(head.kind);
  for (std::size_t s = 0; s < head.entries.size(); ++s) {
    Entry& entry = head.entries[s];
    in.zeros(padding_at(in.offset()), "padding before section " + entry.name);
    const std::uint64_t offset = in.offset();
    const auto content = in.take(entry.length, "section " + entry.name);
    if (checksum(content, head.file_id + s) != entry.checksum) {
      fail(ErrorCode::corrupt, name_, ": checksum of section ", entry.name, " at offset ", offset, " differs");
    }
    sections_.push_back({std::move(entry.name), offset, content});
  }
  in.expect_end();
}

bool Container::has(std::string_view section) const noexcept {
  return std::any_of(sections_.begin(), sections_.end(), [&](const Section& s) { return s.name == section; });
}

ByteReader Container::section(std::string_view section) const {
  for (const Section& s : sections_) {
    if (s.name == section) return ByteReader(s.content, name_ + ": section " + s.name, s.offset);
  }
  fail(ErrorCode::corrupt, name_, ": section ", section, " is missing");
}

}  // namespace rattan
