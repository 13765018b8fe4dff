#include "core/check.h"

namespace rattan {

std::uint64_t checked_mul(std::uint64_t a, std::uint64_t b, std::string_view what, ErrorCode code) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) fail(code, what, ": ", a, " * ", b, " does not fit 64 bits");
  return product;
}

std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view what, ErrorCode code) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) fail(code, what, ": ", a, " + ", b, " does not fit 64 bits");
  return sum;
}

}  // namespace rattan
