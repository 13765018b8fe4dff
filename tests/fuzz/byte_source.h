// A fuzz input as a row of decisions; behind its end everything is 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rattan::fuzz {

class ByteSource {
 public:
  explicit ByteSource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool empty() const noexcept { return bytes_.empty(); }
  std::uint32_t u8() { return number(1); }
  std::uint32_t u16() { return number(2); }
  std::uint32_t u32() { return number(4); }
  std::uint32_t below(std::uint32_t bound) { return u8() % bound; }  // of at most 256
  bool flag() { return (u8() & 1U) != 0; }

  template <typename T, std::size_t n>
  T one_of(const T (&choices)[n]) {
    return choices[below(n)];
  }

  // The next bytes, at most `count`.
  std::span<const std::byte> take(std::size_t count) {
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  std::span<const std::byte> rest() { return take(bytes_.size()); }

 private:
  std::uint32_t number(std::size_t width) {
    std::uint32_t value = 0;
    std::uint32_t shift = 0;
    for (const std::byte byte : take(width)) {
      value |= static_cast<std::uint32_t>(byte) << shift;
      shift += 8;
    }
    return value;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace rattan::fuzz
