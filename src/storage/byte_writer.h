// The counterpart of ByteReader: little-endian numbers into a growing buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"
#include "storage/byte_reader.h"

namespace rattan {

class ByteWriter {
 public:
  template <FileNumber T>
  void number(T value) {
    array(std::span<const T>(&value, 1));
  }

  void u8(std::uint8_t value) { number(value); }
  void u16(std::uint16_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void f32(float value) { number(value); }
  void f64(double value) { number(value); }

  template <FileNumber T>
  void array(std::span<const T> values) {
    bytes(std::as_bytes(values));
  }
  template <FileNumber T>
  void array(const std::vector<T>& values) {
    array(std::span<const T>(values));
  }

  void bytes(std::span<const std::byte> raw) { buffer_.insert(buffer_.end(), raw.begin(), raw.end()); }
  void text(std::string_view text) { bytes(std::as_bytes(std::span(text))); }

  // NUL-padded to `width` bytes. Throws Error(invalid_argument) if `text` is longer or holds a NUL.
  void padded_text(std::string_view text_, std::size_t width) {
    if (text_.size() > width || text_.find('\0') != std::string_view::npos) {
      fail(ErrorCode::invalid_argument, "text of ", text_.size(), " bytes does not fit a NUL-padded field of ", width,
           " bytes, or holds a NUL");
    }
    text(text_);
    zeros(width - text_.size());
  }

  void zeros(std::size_t count) { buffer_.resize(buffer_.size() + count); }

  std::size_t size() const noexcept { return buffer_.size(); }
  std::span<const std::byte> view() const noexcept { return buffer_; }
  std::vector<std::byte> take() { return std::exchange(buffer_, {}); }

 private:
  std::vector<std::byte> buffer_;
};

}  // namespace rattan
