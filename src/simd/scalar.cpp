// The set for any CPU: four lanes in the vector notation of g++ and clang++, which becomes whatever the baseline has
// (SSE here) or plain scalar code. No instruction is named.
#include <cstdint>

#include "simd/generic_kernels.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

using Floats = float __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(16)));
using Halves = std::uint16_t __attribute__((vector_size(8)));

Words repeat(std::uint32_t word) { return Words{} + word; }

Words load_halves(Bytes at) {
  Halves halves;
  __builtin_memcpy(&halves, at, sizeof halves);
  return __builtin_convertvector(halves, Words);
}

Floats widen(Bf16, Words halves) { return reinterpret_cast<Floats>(halves << 16); }

// Moves the exponent by integer arithmetic; subnormals get their leading one by a subtraction. No branch, and no fp32
// subnormal in between that a flush-to-zero mode would lose.
Floats widen(F16, Words halves) {
  const Words exponent = halves & 0x7c00U;
  const Words infinite = reinterpret_cast<Words>(exponent == repeat(0x7c00U));
  const Words subnormal = reinterpret_cast<Words>(exponent == repeat(0U));
  const Words normal = ((halves & 0x7fffU) << 13) + 0x38000000U + (infinite & 0x38000000U);
  const Words small = reinterpret_cast<Words>(reinterpret_cast<Floats>(normal + 0x00800000U) - 0x1p-14F);
  const Words magnitude = (normal & ~subnormal) | (small & subnormal);
  return reinterpret_cast<Floats>(magnitude | (halves & 0x8000U) << 16);
}

struct Lanes {
  using Batch = Floats;
  static constexpr std::size_t width = 4;

  static constexpr std::size_t tile_a = 4;
  static constexpr std::size_t tile_b = 2;
  static constexpr std::size_t rows_at_once(std::size_t queries) { return queries == 1 ? 4 : 2; }
  static constexpr std::size_t columns_at_once(std::size_t sets) { return 8 / sets; }

  static Batch zero() { return Batch{}; }
  static Batch broadcast(float value) { return Batch{value, value, value, value}; }
  static Batch multiply_add(Batch a, Batch b, Batch c) { return a * b + c; }
  static Batch subtract(Batch a, Batch b) { return a - b; }
  static Batch add(Batch a, Batch b) { return a + b; }
  static Batch divide(Batch a, Batch b) { return a / b; }
  static Batch larger(Batch a, Batch b) { return a > b ? a : b; }  // b where either is NaN

  // 2^n, -126 <= n <= 127, for a sum of n and 1.5 * 2^23.
  static Batch power_of_two(Batch shifted) {
    return reinterpret_cast<Batch>((reinterpret_cast<Words>(shifted) << 23) + 0x3f800000U);
  }
  // `value`, but zero where x < least.
  static Batch zero_below(Batch value, Batch x, Batch least) { return x < least ? Batch{} : value; }
  static void keep(Batch) {}

  static Batch load(F32, Bytes at) {
    Batch batch;
    __builtin_memcpy(&batch, at, sizeof batch);
    return batch;
  }
  template <typename Half>
  static Batch load(Half tag, Bytes at) {
    return widen(tag, load_halves(at));
  }

  template <typename Element>
  static Batch load_tail(Element tag, Bytes at, std::size_t count) {
    unsigned char present[width * Element::bytes] = {};
    for (std::size_t i = 0; i < count * Element::bytes; ++i) present[i] = at[i];
    return load(tag, present);
  }

  static void store(Batch batch, float* out) { __builtin_memcpy(out, &batch, sizeof batch); }
  static void store_tail(Batch batch, float* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = batch[i];
  }

  template <std::size_t R>
  static void store_sums(const Batch (&sum)[R], float* out) {
    for (std::size_t r = 0; r < R; ++r) out[r] = (sum[r][0] + sum[r][2]) + (sum[r][1] + sum[r][3]);
  }

  static std::size_t select_above(const float* scores, std::size_t count, float threshold, std::uint32_t* positions) {
    std::size_t selected = 0;
    for (std::size_t i = 0; i < count; ++i)
      if (scores[i] >= threshold) positions[selected++] = static_cast<std::uint32_t>(i);
    return selected;
  }
};

}  // namespace

constinit const Kernels scalar_kernels = make_kernels<Lanes>("scalar", scalar_code_kernels);

}  // namespace rattan::simd
