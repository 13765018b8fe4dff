// The threshold a row starts with. Of every `stride`-th key the scores are seen first; the sample's score of the rank
// below passes fewer than k keys of all in less than one row of 10^5 (the number of the k best that fall into the
// sample is nearly Poisson). Such rows, and rows whose survivors overflow their buffer, are found afterwards and done
// again from scratch, so the choice decides time, never results.
#pragma once

#include <cmath>
#include <cstdint>

#include "layout.h"

namespace rattan::cuda {

inline constexpr std::uint32_t wanted_sample = 8192;

RATTAN_HOST_DEVICE constexpr std::uint32_t sample_stride(std::uint32_t keys) {
  const std::uint32_t stride = keys / wanted_sample;
  return stride < 1 ? 1 : stride > 32 ? 32 : stride;
}

// 1-based rank of the sample's scores; 0: no threshold.
RATTAN_HOST_DEVICE inline std::uint32_t sample_rank(std::uint32_t k, std::uint32_t stride) {
  if (stride <= 1) return k;
  const float mean = static_cast<float>(k) / static_cast<float>(stride);
  return static_cast<std::uint32_t>(mean + 4.0F * std::sqrt(mean) + 4.0F);
}

// Survivors a row can hold: three times what is to be expected, at least.
inline std::uint32_t survivor_capacity(std::uint32_t k, std::uint32_t stride) {
  const std::uint32_t wanted = 3 * sample_rank(k, stride) * stride;
  std::uint32_t capacity = 1024;
  while ((capacity < 8 * k || capacity < wanted) && capacity < 8192) capacity *= 2;
  return capacity;
}

}  // namespace rattan::cuda
