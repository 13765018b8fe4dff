#include "storage/byte_reader.h"

#include <algorithm>

#include "core/check.h"

namespace rattan {

std::span<const std::byte> ByteReader::take(std::uint64_t count, std::string_view what) {
  if (count > remaining()) {
    fail(ErrorCode::corrupt, name_, ": ", what, " at offset ", offset(), " needs ", count, " bytes, ", remaining(),
         " are left");
  }
  const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += taken.size();
  return taken;
}

std::span<const std::byte> ByteReader::take_array(std::uint64_t count, std::size_t width, std::string_view what) {
  return take(checked_mul(count, width, message(name_, ": bytes of ", what)), what);
}

std::string ByteReader::text(std::uint64_t count, std::string_view what) {
  const auto raw = take(count, what);
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

std::string ByteReader::padded_text(std::uint64_t width, std::string_view what) {
  const std::uint64_t start = offset();
  std::string value = text(width, what);
  const std::size_t length = std::min(value.find('\0'), value.size());
  if (value.find_first_not_of('\0', length) != std::string::npos) {
    fail(ErrorCode::corrupt, name_, ": ", what, " at offset ", start, " has bytes after its end");
  }
  value.resize(length);
  return value;
}

void ByteReader::zeros(std::uint64_t count, std::string_view what) {
  const std::uint64_t start = offset();
  const auto raw = take(count, what);
  if (std::any_of(raw.begin(), raw.end(), [](std::byte b) { return b != std::byte{0}; })) {
    fail(ErrorCode::corrupt, name_, ": ", what, " at offset ", start, " is not zero");
  }
}

void ByteReader::expect_end() const {
  if (remaining() != 0) {
    fail(ErrorCode::corrupt, name_, ": ", remaining(), " bytes too many from offset ", offset());
  }
}

void ByteReader::out_of_range(std::string_view what, std::uint64_t value, std::uint64_t low, std::uint64_t high) const {
  fail(ErrorCode::corrupt, name_, ": ", what, " before offset ", offset(), " is ", value, ", allowed is ", low, " to ",
       high);
}

}  // namespace rattan
