// The only place that turns bytes into numbers. A reader is bounded: no read can leave its span, and every count is
// compared with the bytes that are really there before memory is allocated for it.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rattan {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they are");

// Number types that files hold. Flags and enums are read as u8 or u32 with number_in, so that a bad byte is an error.
template <typename T>
concept FileNumber = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

// Little-endian numbers at any address. `what` names the quantity in the error text; reads past the end throw
// Error(corrupt) with `name`, `what` and the offset from the start of the file. The bytes are borrowed.
class ByteReader {
 public:
  // `name`: the file or section, for errors. `base`: offset of the span's first byte in the file, for errors.
  explicit ByteReader(std::span<const std::byte> bytes, std::string name = "input", std::uint64_t base = 0)
      : bytes_(bytes), name_(std::move(name)), base_(base) {}

  template <FileNumber T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::uint8_t u8(std::string_view what) { return number<std::uint8_t>(what); }
  std::uint16_t u16(std::string_view what) { return number<std::uint16_t>(what); }
  std::uint32_t u32(std::string_view what) { return number<std::uint32_t>(what); }
  std::uint64_t u64(std::string_view what) { return number<std::uint64_t>(what); }
  float f32(std::string_view what) { return number<float>(what); }
  double f64(std::string_view what) { return number<double>(what); }

  // A number that must lie in [low, high], else Error(corrupt).
  template <std::unsigned_integral T>
  T number_in(std::string_view what, T low, T high) {
    const T value = number<T>(what);
    if (value < low || value > high) out_of_range(what, value, low, high);
    return value;
  }

  // The next `count` bytes, borrowed.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what);

  // The next `count` numbers, copied. Allocates only after `count` numbers are known to be there.
  template <FileNumber T>
  std::vector<T> array(std::uint64_t count, std::string_view what) {
    const std::span<const std::byte> raw = take_array(count, sizeof(T), what);
    std::vector<T> values(static_cast<std::size_t>(count));
    if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }

  // Text of `count` bytes, as it stands.
  std::string text(std::uint64_t count, std::string_view what);

  // Text in a field of `width` bytes, padded with NUL; a byte after the first NUL is Error(corrupt).
  std::string padded_text(std::uint64_t width, std::string_view what);

  // The next `count` bytes must be zero.
  void zeros(std::uint64_t count, std::string_view what);

  // Nothing may be left, else Error(corrupt).
  void expect_end() const;

  std::uint64_t remaining() const noexcept { return bytes_.size() - at_; }
  std::uint64_t offset() const noexcept { return base_ + at_; }  // in the file
  const std::string& name() const noexcept { return name_; }

 private:
  std::span<const std::byte> take_array(std::uint64_t count, std::size_t width, std::string_view what);
  [[noreturn]] void out_of_range(std::string_view what, std::uint64_t value, std::uint64_t low,
                                 std::uint64_t high) const;

  std::span<const std::byte> bytes_;
  std::string name_;
  std::uint64_t base_ = 0;
  std::size_t at_ = 0;
};

}  // namespace rattan
