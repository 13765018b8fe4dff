#include "tests/fuzz/sections.h"

namespace rattan::fuzz {

std::optional<Bytes> read_section(ByteSource& in) {
  const std::uint32_t length = in.u16();
  if (length == no_section) return std::nullopt;
  const auto content = in.take(length);
  return Bytes(content.begin(), content.end());
}

void append_number(Bytes& input, std::uint32_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) input.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void append_section(Bytes& input, std::span<const std::byte> content) {
  append_number(input, static_cast<std::uint32_t>(content.size()), 2);
  input.insert(input.end(), content.begin(), content.end());
}

void append_sections(Bytes& input, const Container& container, std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (!container.has(name)) {
      append_number(input, no_section, 2);
      continue;
    }
    ByteReader reader = container.section(name);
    append_section(input, reader.take(reader.remaining(), "content"));
  }
}

}  // namespace rattan::fuzz
