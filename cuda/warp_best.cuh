// The best few of a row's survivors by one warp: they stay in registers, a threshold that leaves no more than can be
// sorted is bisected, and what is left is sorted.
#pragma once

#include "kernels.h"
#include "ordering.cuh"

namespace rattan::cuda {

inline constexpr std::uint32_t most_warp_found = 1024;  // 32 a lane
inline constexpr std::uint32_t most_warp_k = 128;

// How many survivors a row has, by the parts they lie in; first[part] counts those of the parts before.
template <std::uint32_t Parts>
struct Found {
  __device__ Found(const ScoreWork& work, std::uint32_t row) : all(0), overflowed(false) {
#pragma unroll
    for (std::uint32_t part = 0; part < Parts; ++part) {
      const std::uint32_t count = work.found[std::size_t{row} * Parts + part];
      overflowed |= count > work.capacity / Parts - group_size;
      first[part] = all;
      all += count;
    }
  }

  // Where survivor i of the row lies.
  __device__ std::uint32_t place(std::uint32_t i, std::uint32_t room) const {
    std::uint32_t at = i;
#pragma unroll
    for (std::uint32_t part = 1; part < Parts; ++part) {
      if (i >= first[part]) at = part * room + i - first[part];
    }
    return at;
  }

  std::uint32_t first[Parts];
  std::uint32_t all;
  bool overflowed;
};

// A score, as ordered() has it, that at least `least` and at most `most` of the warp's reach; 0 where equal scores
// leave no such one.
template <int Held>
__device__ std::uint32_t bisect(const std::uint32_t (&scores)[Held], std::uint32_t least, std::uint32_t most) {
  std::uint32_t smallest = ~0U;
  std::uint32_t largest = 0;
#pragma unroll
  for (int i = 0; i < Held; ++i) {
    if (scores[i] != 0) smallest = min(smallest, scores[i]);
    largest = max(largest, scores[i]);
  }
  std::uint32_t low = __reduce_min_sync(~0U, smallest);       // reached by too many
  std::uint32_t high = __reduce_max_sync(~0U, largest) + 1U;  // by too few
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    unsigned reached = 0;
#pragma unroll
    for (int i = 0; i < Held; ++i) reached += scores[i] >= middle;
    reached = __reduce_add_sync(~0U, reached);
    if (reached < least) {
      high = middle;
    } else if (reached > most) {
      low = middle;
    } else {
      return middle;
    }
  }
  return 0;
}

__device__ inline void order(unsigned long long& a, unsigned long long& b, bool falling) {
  if ((a < b) == falling) {
    const unsigned long long kept = a;
    a = b;
    b = kept;
  }
}

// Sorts 32 * Items, best first; item i of a lane is number lane * Items + i.
template <int Items>
__device__ void sort_warp(unsigned long long (&items)[Items], std::uint32_t lane) {
#pragma unroll
  for (int width = 2; width <= 32 * Items; width *= 2) {
#pragma unroll
    for (int step = width / 2; step > 0; step /= 2) {
      if (step >= Items) {
        const bool first = (lane * Items & step) == 0;
        const bool falling = (lane * Items & width) == 0;
#pragma unroll
        for (int i = 0; i < Items; ++i) {
          const unsigned long long other = __shfl_xor_sync(~0U, items[i], step / Items);
          const bool larger = items[i] > other;
          items[i] = larger == (first == falling) ? items[i] : other;
        }
      } else {
#pragma unroll
        for (int i = 0; i < Items; ++i) {
          if ((i & step) == 0) order(items[i], items[i | step], ((lane * Items + i) & width) == 0);
        }
      }
    }
  }
}

// Puts the row's best into list[0 .. 32 * Items), sorted, ended by zeros. False where equal scores are too many.
template <int Items, int Held, std::uint32_t Parts>
__device__ bool best_of_warp(const ScoreWork& work, std::uint32_t row, std::uint32_t k, const Found<Parts>& found,
                             unsigned long long* list) {
  constexpr std::uint32_t sorted = 32 * Items;
  const std::uint32_t lane = threadIdx.x % 32;
  const uint2* survivors = work.survivors + std::size_t{row} * work.capacity;
  std::uint32_t scores[Held];
  std::uint32_t keys[Held];
#pragma unroll
  for (int i = 0; i < Held; ++i) {
    const std::uint32_t at = i * 32 + lane;
    uint2 survivor = make_uint2(0, 0);
    if (at < found.all) survivor = survivors[found.place(at, work.capacity / Parts)];
    scores[i] = at < found.all ? ordered(__uint_as_float(survivor.x)) : 0;
    keys[i] = survivor.y;
  }
  std::uint32_t threshold = 1;
  if (found.all > sorted) {
    threshold = bisect(scores, k, sorted);
    if (threshold == 0) return false;
  }
  std::uint32_t used = 0;
#pragma unroll
  for (int i = 0; i < Held; ++i) {
    const bool kept = scores[i] >= threshold;
    const unsigned voted = __ballot_sync(~0U, kept);
    if (kept) list[used + __popc(voted & ((1U << lane) - 1))] = std::uint64_t{scores[i]} << 32 | ~keys[i];
    used += __popc(voted);
  }
  for (std::uint32_t i = used + lane; i < sorted; i += 32) list[i] = 0;
  __syncwarp();
  unsigned long long items[Items];
#pragma unroll
  for (int i = 0; i < Items; ++i) items[i] = list[lane * Items + i];
  sort_warp(items, lane);
  __syncwarp();
#pragma unroll
  for (int i = 0; i < Items; ++i) list[lane * Items + i] = items[i];
  __syncwarp();
  return true;
}

}  // namespace rattan::cuda
