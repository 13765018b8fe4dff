// What the GPU benchmarks share: random data on the device, times by CUDA events.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/half.h"
#include "core/random.h"
#include "device.h"

namespace rattan::cuda {

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename T>
class Buffer {
 public:
  explicit Buffer(std::size_t size) { check(cudaMalloc(reinterpret_cast<void**>(&data_), size * sizeof(T)), "memory"); }
  ~Buffer() { cudaFree(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  T* get() const { return data_; }

 private:
  T* data_ = nullptr;
};

class Timer {
 public:
  Timer() {
    cudaEventCreate(&begin_);
    cudaEventCreate(&end_);
  }
  ~Timer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Median seconds of `call` on the default stream, after one run to warm up.
  template <typename Call>
  double seconds(int repeats, const Call& call) {
    std::vector<double> times;
    for (int i = 0; i <= repeats; ++i) {
      cudaEventRecord(begin_);
      call();
      cudaEventRecord(end_);
      check(cudaEventSynchronize(end_), "timing");
      float ms = 0;
      cudaEventElapsedTime(&ms, begin_, end_);
      if (i > 0) times.push_back(ms / 1e3);
    }
    return median(times);
  }

 private:
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

inline std::vector<std::uint16_t> random_bf16(std::size_t size, std::uint64_t seed) {
  std::vector<std::uint16_t> values(size);
  for (std::size_t i = 0; i < size; ++i) {
    double sum = 0;  // near normal, so that dot products have tails
    for (std::size_t j = 0; j < 4; ++j) sum += 2 * random_uniform(seed, 4 * i + j) - 1;
    values[i] = to_bf16(static_cast<float>(sum));
  }
  return values;
}

// Fills a device buffer by repeats of 2^22 random values rotated by an odd offset.
inline void fill(std::uint16_t* to, std::size_t size, std::uint64_t seed) {
  const std::vector<std::uint16_t> values =
      random_bf16(std::min<std::size_t>(size, (std::size_t{1} << 22) + 128), seed);
  for (std::size_t at = 0, turn = 0; at < size; ++turn) {
    const std::size_t offset = (turn * 37) % (values.size() / 2);
    const std::size_t count = std::min(size - at, values.size() - offset);
    check(cudaMemcpy(to + at, values.data() + offset, count * 2, cudaMemcpyHostToDevice), "copy");
    at += count;
  }
}

}  // namespace rattan::cuda
