#include "simd/dispatch.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "core/check.h"

namespace rattan::simd {
namespace {

constexpr std::array<std::string_view, 5> known_names = {"scalar", "avx2", "avx512", "avx512bf16", "avx512amx"};

const Kernels* find(std::string_view name, std::span<const Kernels* const> runnable) noexcept {
  const auto found =
      std::find_if(runnable.begin(), runnable.end(), [&](const Kernels* set) { return set->name == name; });
  return found == runnable.end() ? nullptr : *found;
}

}  // namespace

const Kernels& choose_kernels(const char* forced, std::span<const Kernels* const> runnable) {
  if (forced == nullptr || *forced == '\0') return *runnable.front();
  if (const Kernels* set = find(forced, runnable)) return *set;
  if (std::find(known_names.begin(), known_names.end(), forced) == known_names.end())
    fail(ErrorCode::invalid_argument, "RATTAN_ISA is \"", forced,
         "\", allowed is scalar, avx2, avx512, avx512bf16 or avx512amx");
  std::string names;
  for (const Kernels* set : runnable) names += (names.empty() ? "" : ", ") + std::string(set->name);
  fail(ErrorCode::invalid_argument, "RATTAN_ISA is \"", forced, "\", this CPU runs only ", names);
}

const Kernels& kernels() {
  static const Kernels& chosen = choose_kernels(std::getenv("RATTAN_ISA"), runnable_kernels());
  return chosen;
}

std::span<const Kernels* const> runnable_kernels() {
  static const std::span<const Kernels* const> runnable = detect_kernels();
  return runnable;
}

const Kernels* find_kernels(std::string_view name) noexcept { return find(name, runnable_kernels()); }

}  // namespace rattan::simd
