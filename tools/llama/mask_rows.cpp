#include "mask_rows.h"

#include <cstring>

namespace rattan::llama {
namespace {

// Bits of the sign, which zero may have, and of minus infinity.
template <typename Bits>
struct Format;
template <>
struct Format<std::uint16_t> {
  static constexpr std::uint16_t sign = 0x8000, minus_infinity = 0xFC00;
};
template <>
struct Format<std::uint32_t> {
  static constexpr std::uint32_t sign = 0x80000000, minus_infinity = 0xFF800000;
};

template <typename Bits>
void read(const std::byte* row, std::size_t cells, VisibleCells& to) {
  constexpr Bits magnitude = static_cast<Bits>(~Format<Bits>::sign);
  std::size_t count = 0;
  std::size_t other = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    Bits bits = 0;
    std::memcpy(&bits, row + i * sizeof bits, sizeof bits);
    const bool zero = (bits & magnitude) == 0;
    to.seen[i] = zero ? 1 : 0;
    count += zero ? 1 : 0;
    other += !zero && bits != Format<Bits>::minus_infinity ? 1 : 0;
  }
  to.count = count;
  to.plain = other == 0;
}

}  // namespace

void read_visible(const MaskRows& mask, std::size_t token, VisibleCells& to) {
  to.seen.resize(mask.cells);
  if (mask.half) {
    read<std::uint16_t>(mask.row(token), mask.cells, to);
  } else {
    read<std::uint32_t>(mask.row(token), mask.cells, to);
  }
}

}  // namespace rattan::llama
