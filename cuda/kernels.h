// The kernels of exact top-k, launched on a stream. Launch errors are left for cudaGetLastError.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "layout.h"

namespace rattan::cuda {

// Rows of a chunk are padded to this: a multiple of what a thread block takes on every architecture.
inline constexpr std::uint32_t row_padding = 384;
inline constexpr std::uint32_t hopper_parts = 4;
inline constexpr std::uint32_t ampere_parts = 8;
inline constexpr std::uint32_t most_k = 1024;
// A lane's scores of one of its rows are taken in groups: two accumulators with two columns each. A part of a row's
// survivors that has no room for a group counts as overflowed.
inline constexpr int group_size = 4;

// What packing finds out about its source.
struct Findings {
  unsigned long long first_bad;  // row * cols + col of the first NaN or infinity; ~0: none
  unsigned int max_square;       // bits of the largest squared norm
};

struct PackWork {
  const std::uint16_t* source = nullptr;  // on the device
  std::size_t row_stride = 0;             // in elements
  std::uint32_t step = 1;                 // packed row i is source row i * step ...
  const std::uint32_t* order = nullptr;   // ... or order[i], if given
  std::uint32_t count = 0;                // packed rows with data
  std::uint32_t padded = 0;               // rows to write, a multiple of tile_rows
  std::uint32_t cols = 0;
  std::uint32_t blocks = 0;
  std::uint32_t tile_rows = 0;
  bool bf16 = false;
  std::uint8_t* packed = nullptr;
  Findings* findings = nullptr;  // may be null
};
void pack(const PackWork& work, cudaStream_t stream);

// One pass of queries x keys.
struct ScoreWork {
  const std::uint8_t* queries = nullptr;
  const std::uint8_t* keys = nullptr;
  const std::uint32_t* counts = nullptr;  // visible keys per row, falling
  std::uint32_t stride = 1;               // key i of `keys` is key i * stride of `counts`
  std::uint32_t rows = 0;                 // a multiple of row_padding
  std::uint32_t blocks = 0;
  bool bf16 = false;

  // Where `maxima` is null: every visible key whose score reaches the row's threshold becomes a survivor (score bits,
  // key); `found` counts those without room, too.
  const float* thresholds = nullptr;
  uint2* survivors = nullptr;      // [rows, capacity], fewer than 2^32
  std::uint32_t* found = nullptr;  // [rows, parts]
  std::uint32_t capacity = 0;
  std::uint32_t parts = 4;  // that a row's survivors are kept in: hopper_parts or ampere_parts

  // Else only the largest score of every 8 or 16 keys is kept: [rows, maxima_stride].
  float* maxima = nullptr;
  std::uint32_t maxima_keys = 16;
  std::uint32_t maxima_stride = 0;
};
void score_hopper(const ScoreWork& work, cudaStream_t stream);  // compute capability 9.0
void score_ampere(const ScoreWork& work, cudaStream_t stream);  // 8.0 and above

// thresholds[row] = a score that about k * (1 to 4) visible keys reach, by the sample's maxima; -infinity where all
// visible keys fit the buffer or the sample is too small, +infinity for rows that see nothing.
void choose_thresholds(const ScoreWork& sample, std::uint32_t k, std::uint32_t capacity, float* thresholds,
                       cudaStream_t stream);

struct FinishWork {
  ScoreWork scored;
  std::uint32_t count = 0;  // rows without the padding
  std::uint32_t k = 0;
  std::uint32_t first_id = 0;
  std::uint32_t* lists = nullptr;  // [2 + 2 * count]: see finish.cu
  std::uint32_t* ids = nullptr;    // [count, k], filled up with no_key
  float* scores = nullptr;         // [count, k], filled up with -infinity
};
// Sorts survivors; rows with too few or too many of them are scanned again, one key at a time. `scored.found` and
// `scored.survivors` change for these.
void finish(const FinishWork& work, cudaStream_t stream);

}  // namespace rattan::cuda
