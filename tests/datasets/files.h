// Files of the readers' formats, put together by hand in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/source.h"
#include "storage/byte_writer.h"

namespace rattan::test {

inline datasets::Source source_of(std::vector<std::byte> bytes) {
  return datasets::Source::from_memory(std::move(bytes), "made.file");
}

inline datasets::Source source_of(std::string_view text) {
  ByteWriter out;
  out.text(text);
  return source_of(out.take());
}

// An .npy file of version `major` with this header text and these data bytes.
inline std::vector<std::byte> npy_bytes(std::string_view header, std::size_t data_size, unsigned major = 1) {
  ByteWriter out;
  out.text("\x93NUMPY");
  out.u8(static_cast<std::uint8_t>(major));
  out.u8(0);
  if (major == 1) {
    out.u16(static_cast<std::uint16_t>(header.size()));
  } else {
    out.u32(static_cast<std::uint32_t>(header.size()));
  }
  out.text(header);
  for (std::size_t i = 0; i < data_size; ++i) out.u8(static_cast<std::uint8_t>(i));
  return out.take();
}

// A safetensors file with this header text and these data bytes; the length is that of the text.
inline std::vector<std::byte> safetensors_bytes(std::string_view header, std::size_t data_size) {
  ByteWriter out;
  out.u64(header.size());
  out.text(header);
  for (std::size_t i = 0; i < data_size; ++i) out.u8(static_cast<std::uint8_t>(i));
  return out.take();
}

// One tensor's entry in a safetensors header.
inline std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, std::uint64_t begin,
                         std::uint64_t end) {
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace rattan::test
