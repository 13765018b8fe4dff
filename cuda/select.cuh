// What becomes of scores in the registers of a warp, 16 rows x 2 * Scores keys: lane l holds, of accumulator j (m16n8),
// columns 8 j + 2 (l % 4) + {0, 1} of rows l / 4 and l / 4 + 8.
#pragma once

#include "kernels.h"

namespace rattan::cuda {

// The two rows of a lane, and the part of their survivors that is its own: no lane waits for another one's counter.
struct LaneRows {
  std::uint32_t row[2];    // in the chunk
  std::uint32_t count[2];  // visible keys
  std::uint32_t least;     // of the warp's rows
  bool positive;           // so are the thresholds of all of the warp's rows
  float threshold[2];
  uint2* survivors;
  std::uint32_t first[2];  // index of the part in survivors
  std::uint32_t full;      // from so many on a part has no room for a group
  std::uint32_t found[2];
};

__device__ inline LaneRows lane_rows(const ScoreWork& work, std::uint32_t first_row, std::uint32_t part, int lane) {
  LaneRows rows;
  for (int i = 0; i < 2; ++i) {
    rows.row[i] = first_row + lane / 4 + 8 * i;
    const std::uint32_t count = work.counts[rows.row[i]];
    // A row that sees nothing never passes its threshold; it must not make every tile an edge.
    rows.count[i] = count == 0 ? ~0U : (count + work.stride - 1) / work.stride;
    rows.threshold[i] = work.maxima != nullptr ? 0.0F : work.thresholds[rows.row[i]];
    rows.first[i] = rows.row[i] * work.capacity + part * (work.capacity / work.parts);
    rows.found[i] = 0;
  }
  rows.survivors = work.survivors;
  rows.full = work.capacity / work.parts - group_size;
  rows.least = __reduce_min_sync(~0U, min(rows.count[0], rows.count[1]));
  rows.positive = __all_sync(~0U, rows.threshold[0] > 0 && rows.threshold[1] > 0);
  return rows;
}

__device__ inline void write_found(const ScoreWork& work, const LaneRows& rows, std::uint32_t part) {
  for (int i = 0; i < 2; ++i) work.found[std::size_t{rows.row[i]} * work.parts + part] = rows.found[i];
}

// Keys out of sight become NaN, which passes no comparison. `column` is the key of the lane's first score.
template <int Scores>
__device__ __forceinline__ void hide(const LaneRows& rows, float (&scores)[Scores], std::uint32_t column) {
#pragma unroll
  for (int e = 0; e < Scores; ++e) {
    if (column + 8 * (e / 4) + e % 2 >= rows.count[e / 2 % 2]) scores[e] = __uint_as_float(0x7fc00000U);
  }
}

template <int Scores>
__device__ __forceinline__ float grouped(const float (&scores)[Scores], int row, int group, int n) {
  return scores[8 * group + 4 * (n / 2) + 2 * row + n % 2];
}

// Opaque: a bit cast that the compiler sees it moves to before the product's end, where it costs the overlap.
__device__ __forceinline__ int bits_of(float value) {
  int bits;
  asm("mov.b32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

// Whether a score of the group may reach the threshold. As integers positive floats have the order they have as floats,
// and negative ones are smaller: three are compared at once.
template <bool Positive, int Scores>
__device__ __forceinline__ bool reaches(const LaneRows& rows, const float (&scores)[Scores], int row, int group) {
  if constexpr (Positive) {
    const auto bits = [&](int n) { return bits_of(grouped(scores, row, group, n)); };
    return max(__vimax3_s32(bits(0), bits(1), bits(2)), bits(3)) >= __float_as_int(rows.threshold[row]);
  } else {
    const auto value = [&](int n) { return grouped(scores, row, group, n); };
    return fmaxf(fmaxf(value(0), value(1)), fmaxf(value(2), value(3))) >= rows.threshold[row];
  }
}

// Without branches of single lanes. A part that is full is written over at its end and counted on.
template <int Scores>
__device__ __forceinline__ void keep_group(LaneRows& rows, const float (&scores)[Scores], std::uint32_t column, int row,
                                           int group) {
  const std::uint32_t begin = rows.first[row] + min(rows.found[row], rows.full);
  std::uint32_t at = begin;
#pragma unroll
  for (int n = 0; n < group_size; ++n) {
    const float score = grouped(scores, row, group, n);
    if (score >= rows.threshold[row]) {
      rows.survivors[at] = make_uint2(bits_of(score), column + 16 * group + 8 * (n / 2) + n % 2);
      ++at;
    }
  }
  rows.found[row] += at - begin;
}

// Groups in batches: all lanes are asked before the first one's answer is needed.
template <bool Positive, int Scores>
__device__ __forceinline__ void keep_groups(LaneRows& rows, const float (&scores)[Scores], std::uint32_t column) {
  constexpr int groups = Scores / group_size;
  constexpr int batch = 4;
#pragma unroll
  for (int first = 0; first < groups; first += batch) {
    bool any[batch];
#pragma unroll
    for (int i = 0; i < batch; ++i) {
      any[i] = __any_sync(~0U, reaches<Positive>(rows, scores, (first + i) % 2, (first + i) / 2));
    }
#pragma unroll
    for (int i = 0; i < batch; ++i) {
      if (any[i]) keep_group(rows, scores, column, (first + i) % 2, (first + i) / 2);
    }
  }
}

// `first` is the key of column 0 of 16 rows x 2 * Scores keys.
template <int Scores>
__device__ __forceinline__ void keep_survivors(LaneRows& rows, float (&scores)[Scores], std::uint32_t first, int lane) {
  const std::uint32_t column = first + 2 * (lane % 4);
  if (first + 2 * Scores > rows.least) hide(rows, scores, column);
  if (rows.positive) {
    keep_groups<true>(rows, scores, column);
  } else {
    keep_groups<false>(rows, scores, column);
  }
}

// The largest of eight scores of one row.
template <int Scores>
__device__ __forceinline__ float largest(const float (&scores)[Scores], int row, int eight) {
  float best = -INFINITY;
#pragma unroll
  for (int e = 0; e < 16; ++e) {
    if (e / 2 % 2 == row) best = fmaxf(best, scores[16 * eight + e]);
  }
  return best;
}

template <int Scores>
__device__ __forceinline__ void keep_maxima(const ScoreWork& work, const LaneRows& rows, float (&scores)[Scores],
                                            std::uint32_t first, int lane) {
  if (first + 2 * Scores > rows.least) hide(rows, scores, first + 2 * (lane % 4));
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    float* maxima = work.maxima + std::size_t{rows.row[i]} * work.maxima_stride;
    if constexpr (Scores == 32) {
      const float2 best = make_float2(largest(scores, i, 0), largest(scores, i, 1));
      if (work.maxima_keys == 8) {
        reinterpret_cast<float2*>(maxima)[first / 16 + lane % 4] = best;
      } else {
        maxima[first / 16 + lane % 4] = fmaxf(best.x, best.y);
      }
    } else {
      float best = largest(scores, i, 0);
      if (work.maxima_keys == 8) {
        maxima[first / 8 + lane % 4] = best;
      } else {
        best = fmaxf(best, __shfl_xor_sync(~0U, best, 1));
        if (lane % 2 == 0) maxima[first / 16 + lane % 4 / 2] = best;
      }
    }
  }
}

template <bool Sample, int Scores>
__device__ __forceinline__ void select(const ScoreWork& work, LaneRows& rows, float (&scores)[Scores],
                                       std::uint32_t first, int lane) {
  if constexpr (Sample) {
    keep_maxima(work, rows, scores, first, lane);
  } else {
    keep_survivors(rows, scores, first, lane);
  }
}

}  // namespace rattan::cuda
