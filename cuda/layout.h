// How queries and keys lie on the device: rows in tiles, a tile in blocks of 64 columns, a block as rows of 128 bytes
// whose 16-byte pieces are exchanged by the row number (the 128-byte swizzle that wgmma reads; ldmatrix reads it
// without bank conflicts). A tile is contiguous, so one bulk copy brings it to shared memory. Missing rows and columns
// are zero.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define RATTAN_HOST_DEVICE __host__ __device__
#else
#define RATTAN_HOST_DEVICE
#endif

namespace rattan::cuda {

inline constexpr std::uint32_t key_tile = 128;
inline constexpr std::uint32_t key_step = 64;  // of which every kernel sees all keys or none
inline constexpr std::uint32_t query_tile = 64;
inline constexpr std::uint32_t block_cols = 64;
inline constexpr std::uint32_t block_row_bytes = 128;

// Byte offset of element (row, col) in a matrix of `blocks` column blocks and tiles of `tile_rows` rows.
RATTAN_HOST_DEVICE constexpr std::size_t packed_offset(std::uint32_t tile_rows, std::uint32_t blocks, std::size_t row,
                                                       std::uint32_t col) {
  const std::size_t tile = row / tile_rows;
  const auto in_tile = static_cast<std::uint32_t>(row % tile_rows);
  const std::uint32_t piece = (col % block_cols) / 8 ^ (in_tile & 7U);
  return ((tile * blocks + col / block_cols) * tile_rows + in_tile) * block_row_bytes + piece * 16 + col % 8 * 2;
}

}  // namespace rattan::cuda
