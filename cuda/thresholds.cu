#include "kernels.h"
#include "ordering.cuh"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

constexpr int threshold_warps = 8;

// The rank-th largest of the row's maxima, rounded down to 20 bits: lower is right, too.
__global__ void __launch_bounds__(threshold_warps * 32)
    find_thresholds(const __grid_constant__ ScoreWork sample, std::uint32_t k, std::uint32_t capacity,
                    float* thresholds) {
  constexpr int held = 16;
  const std::uint32_t row = blockIdx.x * threshold_warps + threadIdx.x / 32;
  const std::uint32_t lane = threadIdx.x % 32;
  const std::uint32_t count = sample.counts[row];
  const std::uint32_t steps = ((count + sample.stride - 1) / sample.stride + key_step - 1) / key_step;
  const std::uint32_t values = keeps_all(count, capacity) ? 0 : steps * (key_step / sample.maxima_keys);
  const std::uint32_t rank = sample_rank(k, sample.stride);
  const float* maxima = sample.maxima + std::size_t{row} * sample.maxima_stride;

  std::uint32_t mine[held];
#pragma unroll
  for (int i = 0; i < held; ++i) {
    const std::uint32_t at = i * 32 + lane;
    mine[i] = at < values ? ordered(maxima[at]) : 0;
  }
  std::uint32_t threshold = 0;
  for (std::uint32_t bit = 0x80000000U; bit >= 0x1000U; bit /= 2) {
    const std::uint32_t tried = threshold | bit;
    unsigned reached = 0;
#pragma unroll
    for (int i = 0; i < held; ++i) reached += mine[i] >= tried;
    for (std::uint32_t at = held * 32 + lane; at < values; at += 32) reached += ordered(maxima[at]) >= tried;
    if (__reduce_add_sync(~0U, reached) >= rank) threshold = tried;
  }
  if (lane != 0) return;
  if (count == 0) {
    thresholds[row] = INFINITY;
  } else if (keeps_all(count, capacity) || rank > values || threshold <= ordered(-INFINITY)) {
    thresholds[row] = -INFINITY;
  } else {
    thresholds[row] = unordered(threshold);
  }
}

}  // namespace

void choose_thresholds(const ScoreWork& sample, std::uint32_t k, std::uint32_t capacity, float* thresholds,
                       cudaStream_t stream) {
  find_thresholds<<<sample.rows / threshold_warps, threshold_warps * 32, 0, stream>>>(sample, k, capacity, thresholds);
}

}  // namespace rattan::cuda
