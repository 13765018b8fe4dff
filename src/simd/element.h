// Element types of stored rows as tags for overloads. Rows are addressed by bytes, because they need no alignment.
#pragma once

#include <cstddef>

namespace rattan::simd {

struct F32 {
  static constexpr std::size_t bytes = 4;
};
struct F16 {
  static constexpr std::size_t bytes = 2;
};
struct Bf16 {
  static constexpr std::size_t bytes = 2;
};

using Bytes = const unsigned char*;

}  // namespace rattan::simd
