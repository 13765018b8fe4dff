// FAULTS R21: the library's f16 conversions against the processor's (F16C).
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

#include "core/half.h"

namespace rattan {
namespace {

using Floats = float __attribute__((vector_size(16)));
using Shorts = short __attribute__((vector_size(16)));

bool has_f16c() { return __builtin_cpu_supports("avx2") != 0; }  // every CPU with AVX2 has it

__attribute__((target("f16c"))) std::uint16_t hardware_to_f16(float value) {
  constexpr int to_nearest_even = 0;
  return static_cast<std::uint16_t>(__builtin_ia32_vcvtps2ph(Floats{value}, to_nearest_even)[0]);
}

__attribute__((target("f16c"))) float hardware_from_f16(std::uint16_t bits) {
  return __builtin_ia32_vcvtph2ps(Shorts{static_cast<short>(bits)})[0];
}

// Bits must agree, for NaN too.
void check_downward(std::uint64_t first, std::uint64_t step) {
  for (std::uint64_t pattern = first; pattern <= 0xffffffffU; pattern += step) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(pattern));
    ASSERT_EQ(to_f16(value), hardware_to_f16(value)) << std::hex << pattern;
  }
}

TEST(HalfF16c, EveryPatternUpward) {
  if (!has_f16c()) GTEST_SKIP() << "no F16C";
  for (std::uint32_t pattern = 0; pattern <= 0xffffU; ++pattern) {
    const auto bits = static_cast<std::uint16_t>(pattern);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(from_f16(bits)), std::bit_cast<std::uint32_t>(hardware_from_f16(bits)))
        << std::hex << pattern;
  }
}

TEST(HalfF16c, SampleDownward) {
  if (!has_f16c()) GTEST_SKIP() << "no F16C";
  check_downward(0, 509);
  check_downward(0x33000000U, 67);  // subnormal results and what rounds to zero
}

// All 2^32 floats; some 20 seconds: --gtest_also_run_disabled_tests.
TEST(HalfF16c, DISABLED_EveryFloatDownward) {
  if (!has_f16c()) GTEST_SKIP() << "no F16C";
  check_downward(0, 1);
}

}  // namespace
}  // namespace rattan
