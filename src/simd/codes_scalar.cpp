// For any CPU: bytes in the vector notation of g++ and clang++, widened to 16 bits; no instruction is named.
#include <cstdint>

#include "simd/generic_codes.h"
#include "simd/sets.h"

namespace rattan::simd {
namespace {

struct Lanes {
  static constexpr std::size_t width = 16;
  static constexpr std::size_t rows_at_once = 2;
  static constexpr std::size_t blocks_at_once = 1;

  using Codes = std::uint8_t __attribute__((vector_size(16)));
  using Query = std::int8_t __attribute__((vector_size(16)));
  using Sum = std::int32_t __attribute__((vector_size(16)));

  static Codes load(Bytes at) {
    Codes codes;
    __builtin_memcpy(&codes, at, sizeof codes);
    return codes;
  }
  static Query as_query(Codes bytes) { return reinterpret_cast<Query>(bytes); }
  static Query repeat_four(Bytes at) {
    std::int32_t four;
    __builtin_memcpy(&four, at, sizeof four);
    return reinterpret_cast<Query>(Sum{four, four, four, four});
  }
  static Codes low_half(Codes codes) { return codes & 15; }
  static Codes high_half(Codes codes) { return codes >> 4; }
  static Sum zero() { return Sum{}; }
  static Sum add(Sum a, Sum b) { return a + b; }

  static Sum multiply_add(Codes codes, Query query, Sum sum) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      std::int32_t products = 0;
      for (std::size_t i = 4 * lane; i < 4 * lane + 4; ++i) products += std::int32_t{codes[i]} * query[i];
      sum[lane] += products;
    }
    return sum;
  }
  static Sum multiply_add_bytes(Codes codes, Query query, Sum sum) { return multiply_add(codes, query, sum); }

  template <std::size_t R>
  static void store_sums(const Sum (&sum)[R], float* out) {
    for (std::size_t r = 0; r < R; ++r) out[r] = static_cast<float>(sum[r][0] + sum[r][1] + sum[r][2] + sum[r][3]);
  }
  static void store_each(Sum sum, float* out) {
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<float>(sum[i]);
  }
};

}  // namespace

constinit const CodeKernels scalar_code_kernels = make_code_kernels<Lanes>();

}  // namespace rattan::simd
