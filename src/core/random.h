// Counter-based random numbers: the value depends on (seed, counter) alone, so any thread can draw any of them and the
// result never depends on how work was split.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace rattan {

// SplitMix64's finaliser over seed and counter (Steele, Lea, Flood 2014).
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) noexcept {
  std::uint64_t z = seed * 0xd1342543de82ef95ULL + (counter + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Uniform in [0, 1).
constexpr double random_uniform(std::uint64_t seed, std::uint64_t counter) noexcept {
  return static_cast<double>(random_bits(seed, counter) >> 11) * 0x1p-53;
}

// Uniform in [0, bound); bound >= 1. The bias of the multiply-shift is below 2^-32 for bounds that fit 32 bits.
constexpr std::uint64_t random_below(std::uint64_t seed, std::uint64_t counter, std::uint64_t bound) noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(random_bits(seed, counter)) * bound) >> 64);
}

// Standard normal (Box-Muller on two draws of its own).
inline double random_normal(std::uint64_t seed, std::uint64_t counter) noexcept {
  const double u = 1.0 - random_uniform(seed, 2 * counter);
  const double v = random_uniform(seed, 2 * counter + 1);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

// An independent stream for a named part of a computation.
constexpr std::uint64_t random_stream(std::uint64_t seed, std::uint64_t stream) noexcept {
  return random_bits(seed ^ 0x5851f42d4c957f2dULL, stream);
}

}  // namespace rattan
