// CPUs without vector kernels of their own.
#include "simd/dispatch.h"
#include "simd/sets.h"

namespace rattan::simd {

std::span<const Kernels* const> detect_kernels() noexcept {
  static constexpr const Kernels* sets[] = {&scalar_kernels};
  return sets;
}

}  // namespace rattan::simd
