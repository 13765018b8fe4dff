#include "storage/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

namespace rattan {

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t fingerprint(const MatrixView& matrix) noexcept {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);

  const std::array<std::uint64_t, 3> shape{static_cast<std::uint64_t>(matrix.dtype), matrix.rows, matrix.cols};
  XXH3_64bits_update(&state, shape.data(), sizeof(shape));
  const bool dense = matrix.row_stride == matrix.cols;
  const std::size_t runs = dense ? std::size_t{matrix.rows > 0} : matrix.rows;
  const std::size_t run_bytes = dense ? matrix.rows * matrix.row_bytes() : matrix.row_bytes();
  for (std::size_t run = 0; run < runs; ++run) XXH3_64bits_update(&state, matrix.row(run), run_bytes);
  return XXH3_64bits_digest(&state);
}

}  // namespace rattan
