// f16 and bf16 as bit patterns, one value at a time. Whole rows go through simd/kernels.h.
#pragma once

#include <bit>
#include <cstdint>

namespace rattan {

// Round to nearest even; NaN stays NaN (quiet), overflow becomes infinity.
constexpr std::uint16_t to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

constexpr float from_bf16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t to_f16(float value) noexcept;
float from_f16(std::uint16_t bits) noexcept;

}  // namespace rattan
