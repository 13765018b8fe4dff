// Kernels that score integer codes of keys (src/scan/key_codes.h) against integer queries. Sums are exact integers, so
// every instruction set gives the same bits; a score is float(sum) and means something only beside others of its query.
//
// Dims are padded to a multiple of 64 with zeros. One row of codes is `row_bytes` bytes:
//   4 bits: row_bytes = padded dim / 2; byte j holds dim j in its low half and dim j + row_bytes in its high half.
//           Queries are int8, two planes of row_bytes: dims [0, row_bytes), then the others.
//   8 bits: row_bytes = padded dim. Queries are 14 bits wide in two int8 planes of row_bytes: q = 128 * plane 0 + plane
//           1. One int8 plane would round the query more than 8 bits round the key.
// So a query has 2 * row_bytes bytes in both.
#pragma once

#include <cstddef>

namespace rattan::simd {

// scores[q * score_stride + r] = float of sum over dims of query q times code of row r, for any number of queries.
using ScoreCodes = void (*)(const void* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                            std::size_t row_bytes, float* scores, std::size_t score_stride);

// For scans: 16 rows of 4-bit codes interleaved, so that no sum runs across lanes. Byte 64 j + 4 r + b of a block is
// byte 4 j + b of row r; a block has 16 * row_bytes bytes. scores[q * score_stride + 16 * block + r].
using ScoreCodeBlocks = void (*)(const void* query_data, std::size_t queries, const void* blocks,
                                 std::size_t block_count, std::size_t row_bytes, float* scores,
                                 std::size_t score_stride);

inline constexpr std::size_t code_block_rows = 16;

// row_bytes is a multiple of this.
inline constexpr std::size_t code_row_step = 32;

struct CodeKernels {
  ScoreCodes code4;
  ScoreCodes code8;
  ScoreCodeBlocks code4_blocks;
};

}  // namespace rattan::simd
