// The bf16 tile of AMX: tdpbf16ps multiplies 16 x 32 by 32 x 16 bf16 into 16 x 16 fp32 sums. Four accumulators, two
// operands a side. The tile registers belong to the thread: configured when a call begins and released when it ends.
#include <cstdint>

#include "simd/bf16_panels.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct MatrixTile {};

constexpr std::size_t half = 16;  // rows of a tile register
constexpr std::size_t panel = 2 * half;
constexpr std::size_t columns = 32;
constexpr std::size_t step = columns / 2;  // pairs a register row holds

// Panels of keys that stay in the first-level cache beside one panel of queries while all queries pass by.
constexpr std::size_t resident_panels = 3;
constexpr std::size_t resident_bytes = std::size_t{32} * 1024;

// The memory operand of ldtilecfg (Intel SDM volume 1, 18.3): palette 1, eight registers of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig tile_config;

std::size_t pairs_of(std::size_t dim) { return (dim + columns - 1) / columns * step; }

void pack_queries(const float* source, std::size_t rows, std::size_t dim, float* packed) {
  pack_pair_rows<MatrixTile, panel>(source, rows, dim, pairs_of(dim), packed);
}

void pack_keys(const float* source, std::size_t rows, std::size_t dim, float* packed) {
  pack_pair_panels<MatrixTile, panel>(source, rows, dim, pairs_of(dim), packed);
}

// Registers 0 to 3: sums; 4 and 5: queries, one register row a query; 6 and 7: keys, one register row a pair.
void multiply_block(const float* a, const float* b, std::size_t pairs, float* out, std::size_t out_stride) {
  const std::size_t a_bytes = pairs * sizeof(float);
  constexpr std::size_t b_bytes = panel * sizeof(float);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::size_t pair = 0; pair < pairs; pair += step) {
    _tile_loadd(6, b + pair * panel, b_bytes);
    _tile_loadd(4, a + pair, a_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + pair * panel + half, b_bytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a + half * pairs + pair, a_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  const std::size_t out_bytes = out_stride * sizeof(float);
  _tile_stored(0, out, out_bytes);
  _tile_stored(1, out + half, out_bytes);
  _tile_stored(2, out + half * out_stride, out_bytes);
  _tile_stored(3, out + half * out_stride + half, out_bytes);
}

void multiply(const float* packed_a, std::size_t a_rows, const float* packed_b, std::size_t b_rows, std::size_t dim,
              float* out, std::size_t out_stride) {
  const std::size_t pairs = pairs_of(dim);
  const std::size_t fitting = resident_bytes / (panel * pairs * sizeof(float));
  const std::size_t group = panel * (fitting < 1 ? 1 : fitting < resident_panels ? fitting : resident_panels);
  _tile_loadconfig(&tile_config);
  for (std::size_t first = 0; first < b_rows; first += group) {
    const std::size_t last = first + group < b_rows ? first + group : b_rows;
    for (std::size_t i = 0; i < a_rows; i += panel)
      for (std::size_t j = first; j < last; j += panel)
        multiply_block(packed_a + i * pairs, packed_b + j * pairs, pairs, out + i * out_stride + j, out_stride);
  }
  _tile_release();
}

}  // namespace

constinit const TileKernel avx512amx_tile = {panel, panel, &pack_queries, &pack_keys, &multiply, columns, 2};

}  // namespace rattan::simd
