#include "kernels.h"

namespace rattan::cuda {
namespace {

constexpr int warps = 8;

__device__ float widen(std::uint16_t bits, bool bf16) {
  if (bf16) return __uint_as_float(std::uint32_t{bits} << 16);
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

// A warp per row, eight columns per lane: at most 256 columns.
__global__ void __launch_bounds__(warps * 32) pack_rows(const __grid_constant__ PackWork work) {
  const std::uint32_t row = blockIdx.x * warps + threadIdx.x / 32;
  const std::uint32_t lane = threadIdx.x % 32;
  if (row >= work.padded) return;
  const std::uint32_t col = lane * 8;
  union {
    uint4 vector;
    std::uint16_t element[8];
  } piece;
  piece.vector = make_uint4(0, 0, 0, 0);
  const std::size_t source_row = row >= work.count       ? 0
                                 : work.order != nullptr ? work.order[row]
                                                         : std::size_t{row} * work.step;
  float square = 0;
  if (row < work.count && col < work.cols) {
    const std::uint16_t* source = work.source + source_row * work.row_stride + col;
    if (col + 8 <= work.cols && reinterpret_cast<std::uintptr_t>(source) % 16 == 0) {
      piece.vector = *reinterpret_cast<const uint4*>(source);
    } else {
      for (std::uint32_t i = 0; i < 8 && col + i < work.cols; ++i) piece.element[i] = source[i];
    }
    const std::uint16_t exponent = work.bf16 ? 0x7f80U : 0x7c00U;
    for (std::uint32_t i = 8; i-- > 0;) {
      const float value = widen(piece.element[i], work.bf16);
      square += value * value;
      if ((piece.element[i] & exponent) == exponent && work.findings != nullptr) {
        atomicMin(&work.findings->first_bad, source_row * work.cols + col + i);
      }
    }
  }
  if (col < work.blocks * block_cols) {
    *reinterpret_cast<uint4*>(work.packed + packed_offset(work.tile_rows, work.blocks, row, col)) = piece.vector;
  }
  for (int step = 16; step > 0; step /= 2) square += __shfl_xor_sync(~0U, square, step);
  if (lane == 0 && row < work.count && work.findings != nullptr) {
    atomicMax(&work.findings->max_square, __float_as_uint(square));
  }
}

}  // namespace

void pack(const PackWork& work, cudaStream_t stream) {
  if (work.padded == 0) return;
  pack_rows<<<(work.padded + warps - 1) / warps, warps * 32, 0, stream>>>(work);
}

}  // namespace rattan::cuda
