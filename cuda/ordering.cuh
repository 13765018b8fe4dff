// Scores with their keys as one number: larger is better, equal scores go to the smaller key.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace rattan::cuda {

__device__ inline std::uint32_t ordered(float score) {
  const std::uint32_t bits = __float_as_uint(score + 0.0F);  // -0 equals 0
  return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

__device__ inline float unordered(std::uint32_t value) {
  return __uint_as_float(value & 0x80000000U ? value & 0x7fffffffU : ~value);
}

__device__ inline unsigned long long ranked(float score, std::uint32_t key) {
  return std::uint64_t{ordered(score)} << 32 | ~key;
}

// Best first. `size` is a power of two; all threads of the block take part and are synchronised at the end.
__device__ inline void sort_ranked(unsigned long long* items, std::uint32_t size) {
  for (std::uint32_t width = 2; width <= size; width *= 2) {
    for (std::uint32_t step = width / 2; step > 0; step /= 2) {
      __syncthreads();
      for (std::uint32_t i = threadIdx.x; i < size / 2; i += blockDim.x) {
        const std::uint32_t low = i / step * step * 2 + i % step;
        const unsigned long long a = items[low];
        const unsigned long long b = items[low + step];
        if ((a < b) == ((low & width) == 0)) {
          items[low] = b;
          items[low + step] = a;
        }
      }
    }
  }
  __syncthreads();
}

}  // namespace rattan::cuda
