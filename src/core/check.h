// Argument checks with messages that name the parameter, its value and what is allowed; checked size arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>

#include "rattan/types.h"

namespace rattan {

// In the classic locale, whatever the host has set: 1234567.5 is never 1.234.567,5.
template <typename... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return out.str();
}

template <typename... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  throw Error(code, message(parts...));
}

// Throws Error(invalid_argument) unless low <= value <= high; NaN is in no range.
template <typename T>
void check_range(std::string_view parameter, T value, T low, T high) {
  if (!(value >= low && value <= high)) {
    fail(ErrorCode::invalid_argument, parameter, " is ", value, ", allowed is ", low, " to ", high);
  }
}

// a * b and a + b, or Error(code) naming `what` when the result does not fit 64 bits. The only way sizes read from a
// file are combined.
std::uint64_t checked_mul(std::uint64_t a, std::uint64_t b, std::string_view what, ErrorCode code = ErrorCode::corrupt);
std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view what, ErrorCode code = ErrorCode::corrupt);

}  // namespace rattan
