// How a kernel set is chosen, apart from the CPU and the environment, so that tests can ask for any combination.
#pragma once

#include <span>
#include <string_view>

#include "simd/kernels.h"

namespace rattan::simd {

// The sets this CPU and its operating system can run, best first; never empty. One source per CPU family.
std::span<const Kernels* const> detect_kernels() noexcept;

// `forced` null or empty: the first of `runnable`. Else the one of that name; throws Error(invalid_argument) that says
// what RATTAN_ISA allows if there is no such set or this CPU cannot run it.
const Kernels& choose_kernels(const char* forced, std::span<const Kernels* const> runnable);

}  // namespace rattan::simd
