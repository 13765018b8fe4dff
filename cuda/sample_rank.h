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
inline constexpr std::uint32_t most_stride = 32;

RATTAN_HOST_DEVICE constexpr std::uint32_t sample_stride(std::uint32_t keys) {
  const std::uint32_t stride = (keys + wanted_sample - 1) / wanted_sample;
  return stride < 1 ? 1 : stride > most_stride ? most_stride : stride;
}

// 1-based rank of the sample's scores; 0: no threshold.
RATTAN_HOST_DEVICE inline std::uint32_t sample_rank(std::uint32_t k, std::uint32_t stride) {
  if (stride <= 1) return k;
  const float mean = static_cast<float>(k) / static_cast<float>(stride);
  return static_cast<std::uint32_t>(mean + 4.0F * std::sqrt(mean) + 4.0F);
}

// Whether all of a row's visible keys fit its survivors, whatever parts they are kept in: it needs no threshold.
RATTAN_HOST_DEVICE constexpr bool keeps_all(std::uint32_t visible, std::uint32_t capacity) {
  return visible + key_tile <= capacity;
}

// How many keys of the sample share one maximum: fewer where there must be more maxima than the rank.
RATTAN_HOST_DEVICE constexpr std::uint32_t keys_per_maximum(std::uint32_t k, std::uint32_t stride) {
  return k <= 128 && stride > 1 ? 16 : 8;
}
inline constexpr std::uint32_t fewest_keys_per_maximum = 8;

// Survivors a row can hold: three times what is to be expected, and all keys where their maxima are fewer than k.
inline std::uint32_t survivor_capacity(std::uint32_t k, std::uint32_t stride) {
  const std::uint32_t wanted = 3 * sample_rank(k, stride) * stride;
  const std::uint32_t least = fewest_keys_per_maximum * k + key_tile;
  std::uint32_t capacity = 1024;
  while ((capacity < least || capacity < wanted) && capacity < 8192) capacity *= 2;
  return capacity;
}

}  // namespace rattan::cuda
