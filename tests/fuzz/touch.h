// Reads every byte of what a reader has accepted, so that a sanitizer sees a view that leaves its file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rattan/matrix.h"

namespace rattan::fuzz {

inline std::uint64_t touch(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<std::uint64_t>(byte);
  return sum;
}

inline std::uint64_t touch(const SharedMatrix& matrix) {
  std::uint64_t sum = 0;
  for (std::size_t row = 0; row < matrix.view.rows; ++row) {
    sum += touch({static_cast<const std::byte*>(matrix.view.row(row)), matrix.view.row_bytes()});
  }
  return sum;
}

// Calls what may refuse its input by an Error, and by nothing else. True where it did not.
template <typename Call>
bool accepted(const Call& call) {
  try {
    call();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace rattan::fuzz
