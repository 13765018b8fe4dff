// From survivors to results. lists[0] rows are to be scanned again, lists[1] rows are to be sorted by blocks; their
// numbers follow at lists + 2 and at lists + 2 + count.
#include "kernels.h"
#include "ordering.cuh"
#include "sample_rank.h"
#include "warp_best.cuh"

namespace rattan::cuda {
namespace {

constexpr int row_warps = 4;
constexpr int sort_threads = 256;
constexpr int scan_threads = 512;
constexpr std::uint32_t scan_list = 2048;  // best most_k, and as many new ones
constexpr std::uint32_t no_key = ~0U;

// By `threads` threads, of which this is number `thread`.
__device__ void write_best(const FinishWork& work, std::uint32_t row, const unsigned long long* best,
                           std::uint32_t count, std::uint32_t thread, std::uint32_t threads) {
  for (std::uint32_t i = thread; i < work.k; i += threads) {
    const std::size_t at = std::size_t{row} * work.k + i;
    work.ids[at] = i < count ? work.first_id + ~static_cast<std::uint32_t>(best[i]) : no_key;
    work.scores[at] = i < count ? unordered(static_cast<std::uint32_t>(best[i] >> 32)) : -INFINITY;
  }
}

__device__ std::uint32_t* rows_to_scan(const FinishWork& work) { return work.lists + 2; }
__device__ std::uint32_t* rows_to_sort(const FinishWork& work) { return work.lists + 2 + work.count; }

// NaN scores never survive: a row of which every key may survive is complete with fewer than k.
template <std::uint32_t Parts>
__device__ bool complete(const FinishWork& work, std::uint32_t row, const Found<Parts>& found) {
  const std::uint32_t visible = work.scored.counts[row];
  return !found.overflowed && (found.all >= min(work.k, visible) || keeps_all(visible, work.scored.capacity));
}

// A warp per row, at most most_warp_k results.
template <int Items, std::uint32_t Parts>
__global__ void __launch_bounds__(row_warps * 32) sort_by_warps(const __grid_constant__ FinishWork work) {
  __shared__ unsigned long long lists[row_warps][32 * Items];
  const std::uint32_t lane = threadIdx.x % 32;
  const std::uint32_t row = blockIdx.x * row_warps + threadIdx.x / 32;
  if (row >= work.count) return;
  const Found<Parts> found(work.scored, row);
  if (!complete(work, row, found)) {
    if (lane == 0) rows_to_scan(work)[atomicAdd(work.lists, 1U)] = row;
    return;
  }
  unsigned long long* list = lists[threadIdx.x / 32];
  bool sorted = false;
  if (found.all <= 256) {
    sorted = best_of_warp<Items, 8>(work.scored, row, work.k, found, list);
  } else if (found.all <= 512) {
    sorted = best_of_warp<Items, 16>(work.scored, row, work.k, found, list);
  } else if (found.all <= most_warp_found) {
    sorted = best_of_warp<Items, 32>(work.scored, row, work.k, found, list);
  }
  if (sorted) {
    write_best(work, row, list, min(found.all, work.k), lane, 32);
  } else if (lane == 0) {
    rows_to_sort(work)[atomicAdd(work.lists + 1, 1U)] = row;
  }
}

// A block per row. `Listed`: the rows that warps left, and those scanned again.
template <bool Listed, std::uint32_t Parts>
__global__ void __launch_bounds__(sort_threads) sort_by_blocks(const __grid_constant__ FinishWork work) {
  extern __shared__ unsigned long long items[];
  const std::uint32_t rows = Listed ? work.lists[1] : work.count;
  for (std::uint32_t at = blockIdx.x; at < rows; at += gridDim.x) {
    const std::uint32_t row = Listed ? rows_to_sort(work)[at] : at;
    const Found<Parts> found(work.scored, row);
    if (!Listed && !complete(work, row, found)) {
      if (threadIdx.x == 0) rows_to_scan(work)[atomicAdd(work.lists, 1U)] = row;
      continue;
    }
    const uint2* survivors = work.scored.survivors + std::size_t{row} * work.scored.capacity;
    std::uint32_t size = 2;
    while (size < found.all) size *= 2;
    for (std::uint32_t i = threadIdx.x; i < size; i += sort_threads) {
      unsigned long long item = 0;
      if (i < found.all) {
        const uint2 survivor = survivors[found.place(i, work.scored.capacity / Parts)];
        item = ranked(__uint_as_float(survivor.x), survivor.y);
      }
      items[i] = item;
    }
    sort_ranked(items, size);
    write_best(work, row, items, found.all, threadIdx.x, sort_threads);
    __syncthreads();
  }
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

// Rows whose threshold was wrong, without any: a block sees a part of the keys, scan_threads at a time, cuts its list
// back when it is full, and leaves its best as the survivors of that part.
__global__ void __launch_bounds__(scan_threads) scan_again(const __grid_constant__ FinishWork work) {
  __shared__ unsigned long long list[scan_list];
  __shared__ float query[256];
  __shared__ std::uint32_t used;
  const ScoreWork& scored = work.scored;
  const std::uint32_t part = blockIdx.y;
  const std::uint32_t rows = work.lists[0];
  for (std::uint32_t at = blockIdx.x; at < rows; at += gridDim.x) {
    const std::uint32_t row = rows_to_scan(work)[at];
    for (std::uint32_t col = threadIdx.x; col < scored.blocks * block_cols; col += scan_threads) {
      const auto* bits =
          reinterpret_cast<const std::uint16_t*>(scored.queries + packed_offset(query_tile, scored.blocks, row, col));
      query[col] = widen_half(*bits, scored.bf16);
    }
    for (std::uint32_t i = threadIdx.x; i < scan_list; i += scan_threads) list[i] = 0;
    if (threadIdx.x == 0) used = work.k;
    __syncthreads();
    const std::uint32_t length = (scored.counts[row] + scored.parts - 1) / scored.parts;
    const std::uint32_t end = min(scored.counts[row], (part + 1) * length);
    for (std::uint32_t first = part * length; first < end; first += scan_threads) {
      const std::uint32_t key = first + threadIdx.x;
      if (key < end) {
        const float score = score_key(scored, query, key);
        if (score == score && ranked(score, key) > list[work.k - 1]) list[atomicAdd(&used, 1U)] = ranked(score, key);
      }
      __syncthreads();
      const bool full = used + scan_threads > scan_list || first + scan_threads >= end;
      __syncthreads();
      if (full) {
        sort_ranked(list, scan_list);
        for (std::uint32_t i = work.k + threadIdx.x; i < scan_list; i += scan_threads) list[i] = 0;
        if (threadIdx.x == 0) used = work.k;
        __syncthreads();
      }
    }
    uint2* survivors = scored.survivors + std::size_t{row} * scored.capacity + part * (scored.capacity / scored.parts);
    for (std::uint32_t i = threadIdx.x; i < work.k; i += scan_threads) {
      if (list[i] != 0) {
        survivors[i] = make_uint2(__float_as_uint(unordered(static_cast<std::uint32_t>(list[i] >> 32))),
                                  ~static_cast<std::uint32_t>(list[i]));
      }
      // The list is sorted: the last item that is there knows how many there are.
      if (list[i] != 0 && (i + 1 == work.k || list[i + 1] == 0)) {
        scored.found[std::size_t{row} * scored.parts + part] = i + 1;
      }
    }
    if (threadIdx.x == 0) {
      if (list[0] == 0) scored.found[std::size_t{row} * scored.parts + part] = 0;
      if (part == 0) rows_to_sort(work)[atomicAdd(work.lists + 1, 1U)] = row;
    }
    __syncthreads();
  }
}

template <std::uint32_t Parts>
void finish_parts(const FinishWork& work, cudaStream_t stream) {
  constexpr std::uint32_t blocks = 264;
  const std::uint32_t bytes = work.scored.capacity * sizeof(std::uint64_t);
  cudaFuncSetAttribute(sort_by_blocks<true, Parts>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       static_cast<int>(bytes));
  cudaFuncSetAttribute(sort_by_blocks<false, Parts>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       static_cast<int>(bytes));
  cudaMemsetAsync(work.lists, 0, 2 * sizeof(std::uint32_t), stream);
  const std::uint32_t row_blocks = (work.count + row_warps - 1) / row_warps;
  if (work.k <= most_warp_k / 4 + most_warp_k / 8) {
    sort_by_warps<2, Parts><<<row_blocks, row_warps * 32, 0, stream>>>(work);
  } else if (work.k <= most_warp_k) {
    sort_by_warps<4, Parts><<<row_blocks, row_warps * 32, 0, stream>>>(work);
  } else {
    sort_by_blocks<false, Parts><<<work.count, sort_threads, bytes, stream>>>(work);
  }
  scan_again<<<dim3(blocks, Parts), scan_threads, 0, stream>>>(work);
  sort_by_blocks<true, Parts><<<blocks, sort_threads, bytes, stream>>>(work);
}

}  // namespace

void finish(const FinishWork& work, cudaStream_t stream) {
  work.scored.parts == hopper_parts ? finish_parts<hopper_parts>(work, stream)
                                    : finish_parts<ampere_parts>(work, stream);
}

}  // namespace rattan::cuda
