#include <cpuid.h>

#include <cstdint>

#include "simd/dispatch.h"
#include "simd/sets.h"
#include "simd/tile_registers.h"

namespace rattan::simd {
namespace {

// Not every compiler's __builtin_cpu_supports knows f16c.
bool has_f16c() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

// The builtins also ask whether the operating system saves the registers (XCR0).
bool has_avx2() noexcept { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c(); }

bool has_avx512() noexcept {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

bool has_avx512bf16() noexcept {
  return has_avx512() && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
}

// The state components the operating system saves. Only where it saves any (OSXSAVE), as it does wherever the builtins
// report AVX.
std::uint64_t saved_state() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

// Compilers' builtins do not agree on the names of AMX. A bit in XCR0 is not yet leave to use the registers.
bool has_amx_bf16() noexcept {
  constexpr unsigned amx_bf16 = 1U << 22;
  constexpr unsigned amx_tile = 1U << 24;
  constexpr std::uint64_t tile_state = std::uint64_t{3} << 17;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & amx_bf16) == 0 || (edx & amx_tile) == 0) return false;
  return (saved_state() & tile_state) == tile_state && request_tile_registers();
}

}  // namespace

std::span<const Kernels* const> detect_kernels() noexcept {
  static constexpr const Kernels* best_first[] = {&avx512amx_kernels, &avx512bf16_kernels, &avx512_kernels,
                                                  &avx2_kernels, &scalar_kernels};
  const std::span<const Kernels* const> all(best_first);
  __builtin_cpu_init();
  if (has_avx512bf16()) return has_amx_bf16() ? all : all.subspan(1);
  if (has_avx512()) return all.subspan(2);
  return has_avx2() ? all.subspan(3) : all.subspan(4);
}

}  // namespace rattan::simd
