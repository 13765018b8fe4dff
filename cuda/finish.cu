#include "kernels.h"
#include "ordering.cuh"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

constexpr int threshold_warps = 8;
constexpr int sort_threads = 128;
constexpr int scan_threads = 512;
constexpr std::uint32_t scan_list = 2048;  // best most_k, and as many new ones
constexpr std::uint32_t no_key = ~0U;

// The rank-th largest of the row's maxima, rounded down to 20 bits: lower is right, too.
__global__ void __launch_bounds__(threshold_warps * 32)
    find_thresholds(const __grid_constant__ ScoreWork sample, std::uint32_t k, std::uint32_t capacity,
                    float* thresholds) {
  constexpr int held = 32;
  const std::uint32_t row = blockIdx.x * threshold_warps + threadIdx.x / 32;
  const std::uint32_t lane = threadIdx.x % 32;
  const std::uint32_t count = sample.counts[row];
  const std::uint32_t tiles = ((count + sample.stride - 1) / sample.stride + key_tile - 1) / key_tile;
  const std::uint32_t values = count <= capacity ? 0 : tiles * maxima_per_tile;
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
  } else if (count <= capacity || rank > values || threshold <= ordered(-INFINITY)) {
    thresholds[row] = -INFINITY;
  } else {
    thresholds[row] = unordered(threshold);
  }
}

__device__ void write_best(const FinishWork& work, std::uint32_t row, const unsigned long long* best,
                           std::uint32_t count) {
  for (std::uint32_t i = threadIdx.x; i < work.k; i += blockDim.x) {
    const std::size_t at = std::size_t{row} * work.k + i;
    work.ids[at] = i < count ? work.first_id + ~static_cast<std::uint32_t>(best[i]) : no_key;
    work.scores[at] = i < count ? unordered(static_cast<std::uint32_t>(best[i] >> 32)) : -INFINITY;
  }
}

__global__ void __launch_bounds__(sort_threads) sort_survivors(const __grid_constant__ FinishWork work) {
  extern __shared__ unsigned long long items[];
  const std::uint32_t row = blockIdx.x;
  const std::uint32_t visible = work.scored.counts[row];
  const std::uint32_t parts = work.scored.parts;
  const std::uint32_t room = work.scored.capacity / parts;
  std::uint32_t found = 0;
  bool overflowed = false;
  for (std::uint32_t part = 0; part < parts && visible != 0; ++part) {
    const std::uint32_t of_part = work.scored.found[std::size_t{row} * parts + part];
    overflowed |= of_part > room;
    found += of_part;
  }
  // NaN scores never survive: a row of which every key may survive is complete with fewer than k.
  const bool all_may = visible <= work.scored.capacity;
  if (overflowed || (found < min(work.k, visible) && !all_may)) {
    if (threadIdx.x == 0) work.redo[1 + atomicAdd(work.redo, 1U)] = row;
    return;
  }
  const uint2* survivors = work.scored.survivors + std::size_t{row} * work.scored.capacity;
  std::uint32_t size = 2;
  while (size < found) size *= 2;
  std::uint32_t first = 0;
  for (std::uint32_t part = 0; part < parts && visible != 0; ++part) {
    const std::uint32_t of_part = work.scored.found[std::size_t{row} * parts + part];
    for (std::uint32_t i = threadIdx.x; i < of_part; i += sort_threads) {
      const uint2 survivor = survivors[part * room + i];
      items[first + i] = ranked(__uint_as_float(survivor.x), survivor.y);
    }
    first += of_part;
  }
  for (std::uint32_t i = found + threadIdx.x; i < size; i += sort_threads) items[i] = 0;
  sort_ranked(items, size);
  write_best(work, row, items, found);
}

__device__ float widen_half(std::uint32_t bits, bool bf16) {
  if (bf16) return __uint_as_float(bits << 16);
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(static_cast<std::uint16_t>(bits)));
  return value;
}

__device__ float score_key(const ScoreWork& work, const float* query, std::uint32_t key) {
  float sum = 0;
  for (std::uint32_t col = 0; col < work.blocks * block_cols; col += 8) {
    const uint4 piece = *reinterpret_cast<const uint4*>(work.keys + packed_offset(key_tile, work.blocks, key, col));
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      sum = fmaf(query[col + 2 * i], widen_half(words[i] & 0xffffU, work.bf16), sum);
      sum = fmaf(query[col + 2 * i + 1], widen_half(words[i] >> 16, work.bf16), sum);
    }
  }
  return sum;
}

// Rows whose threshold was wrong, without any: scan_threads keys at a time, the list cut back when it is full.
__global__ void __launch_bounds__(scan_threads) scan_again(const __grid_constant__ FinishWork work) {
  __shared__ unsigned long long list[scan_list];
  __shared__ float query[256];
  __shared__ std::uint32_t used;
  const ScoreWork& scored = work.scored;
  const std::uint32_t rows = work.redo[0];
  for (std::uint32_t at = blockIdx.x; at < rows; at += gridDim.x) {
    const std::uint32_t row = work.redo[1 + at];
    for (std::uint32_t col = threadIdx.x; col < scored.blocks * block_cols; col += scan_threads) {
      const auto* bits =
          reinterpret_cast<const std::uint16_t*>(scored.queries + packed_offset(query_tile, scored.blocks, row, col));
      query[col] = widen_half(*bits, scored.bf16);
    }
    for (std::uint32_t i = threadIdx.x; i < scan_list; i += scan_threads) list[i] = 0;
    if (threadIdx.x == 0) used = work.k;
    __syncthreads();
    const std::uint32_t visible = scored.counts[row];
    for (std::uint32_t first = 0; first < visible; first += scan_threads) {
      const std::uint32_t key = first + threadIdx.x;
      if (key < visible) {
        const float score = score_key(scored, query, key);
        if (score == score && ranked(score, key) > list[work.k - 1]) list[atomicAdd(&used, 1U)] = ranked(score, key);
      }
      __syncthreads();
      const bool full = used + scan_threads > scan_list || first + scan_threads >= visible;
      __syncthreads();
      if (full) {
        sort_ranked(list, scan_list);
        for (std::uint32_t i = work.k + threadIdx.x; i < scan_list; i += scan_threads) list[i] = 0;
        if (threadIdx.x == 0) used = work.k;
        __syncthreads();
      }
    }
    std::uint32_t count = 0;
    while (count < work.k && list[count] != 0) ++count;
    write_best(work, row, list, count);
    __syncthreads();
  }
}

}  // namespace

void choose_thresholds(const ScoreWork& sample, std::uint32_t k, std::uint32_t capacity, float* thresholds,
                       cudaStream_t stream) {
  find_thresholds<<<sample.rows / threshold_warps, threshold_warps * 32, 0, stream>>>(sample, k, capacity, thresholds);
}

void finish(const FinishWork& work, cudaStream_t stream) {
  constexpr std::uint32_t scan_blocks = 528;
  const std::uint32_t bytes = work.scored.capacity * sizeof(std::uint64_t);
  cudaFuncSetAttribute(sort_survivors, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  cudaMemsetAsync(work.redo, 0, sizeof(std::uint32_t), stream);
  sort_survivors<<<work.count, sort_threads, bytes, stream>>>(work);
  scan_again<<<scan_blocks, scan_threads, 0, stream>>>(work);
}

}  // namespace rattan::cuda
