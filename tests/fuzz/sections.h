// Containers of given sections: a fuzz input holds their contents, one after another, and every checksum is right.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/container.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {

inline constexpr std::uint32_t no_section = 0xffff;  // as a length: it is left out

// A length of 16 bits and as many bytes, or nothing.
std::optional<Bytes> read_section(ByteSource& in);

void append_section(Bytes& input, std::span<const std::byte> content);
void append_number(Bytes& input, std::uint32_t value, std::size_t width);

// All sections of a container that is whole, in the order of `names`; no_section for those it lacks.
void append_sections(Bytes& input, const Container& container, std::span<const std::string_view> names);

}  // namespace rattan::fuzz
