#include <cpuid.h>

#include "simd/dispatch.h"
#include "simd/sets.h"

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

}  // namespace

std::span<const Kernels* const> detect_kernels() noexcept {
  static constexpr const Kernels* best_first[] = {&avx512bf16_kernels, &avx512_kernels, &avx2_kernels, &scalar_kernels};
  const std::span<const Kernels* const> all(best_first);
  __builtin_cpu_init();
  if (has_avx512()) {
    const bool best = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
    return best ? all : all.subspan(1);
  }
  return has_avx2() ? all.subspan(2) : all.subspan(3);
}

}  // namespace rattan::simd
