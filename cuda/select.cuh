// What becomes of a 16 x 32 fragment of scores (four m16n8 accumulators) in the registers of a warp: lane l holds, of
// accumulator j, columns 8 j + 2 (l % 4) + {0, 1} of rows l / 4 and l / 4 + 8.
#pragma once

#include "kernels.h"

namespace rattan::cuda {

// The two rows of a lane, and the part of their survivors that is its own: no lane waits for another one's counter.
struct LaneRows {
  std::uint32_t row[2];    // in the chunk
  std::uint32_t count[2];  // visible keys
  float threshold[2];
  uint2* survivors[2];
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
    rows.survivors[i] = work.survivors + std::size_t{rows.row[i]} * work.capacity + part * (work.capacity / work.parts);
    rows.found[i] = 0;
  }
  return rows;
}

__device__ inline void write_found(const ScoreWork& work, const LaneRows& rows, std::uint32_t part) {
  for (int i = 0; i < 2; ++i) work.found[std::size_t{rows.row[i]} * work.parts + part] = rows.found[i];
}

// `first` is the key of the fragment's column 0. Keys out of sight become NaN, which passes no comparison.
template <bool Sample>
__device__ __forceinline__ void select_fragment(const ScoreWork& work, LaneRows& rows, float* scores,
                                                std::uint32_t first, int lane) {
  const std::uint32_t column = first + 2 * (lane % 4);
  if (first + 32 > min(rows.count[0], rows.count[1])) {
#pragma unroll
    for (int e = 0; e < 16; ++e) {
      if (column + 8 * (e / 4) + e % 2 >= rows.count[e / 2 % 2]) scores[e] = __uint_as_float(0x7fc00000U);
    }
  }
  float best[2] = {-INFINITY, -INFINITY};
#pragma unroll
  for (int e = 0; e < 16; ++e) best[e / 2 % 2] = fmaxf(best[e / 2 % 2], scores[e]);
  if constexpr (Sample) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      work.maxima[std::size_t{rows.row[i]} * work.maxima_stride + first / 8 + lane % 4] = best[i];
    }
  } else if (best[0] >= rows.threshold[0] || best[1] >= rows.threshold[1]) {
    const std::uint32_t room = work.capacity / work.parts;
#pragma unroll
    for (int e = 0; e < 16; ++e) {
      const int i = e / 2 % 2;
      if (scores[e] >= rows.threshold[i]) {
        if (rows.found[i] < room) {
          rows.survivors[i][rows.found[i]] = make_uint2(__float_as_uint(scores[e]), column + 8 * (e / 4) + e % 2);
        }
        ++rows.found[i];
      }
    }
  }
}

}  // namespace rattan::cuda
