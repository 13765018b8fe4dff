// The texts and contexts of the stress test, and the ways to decode from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rattan/context.h"
#include "tests/context/marked_text.h"
#include "tests/context/synthetic_text.h"

namespace rattan::test {

inline constexpr std::size_t stress_capacity = 1024;
inline constexpr std::uint32_t stress_seal_after = 32;

// Shared by all lifetimes of one dtype.
struct StressTexts {
  explicit StressTexts(DType dtype)
      : shape(two_layers(dtype)),
        plus(marked_text(shape, stress_capacity, Sign::plus)),
        minus(marked_text(shape, stress_capacity, Sign::minus)) {}

  ContextShape shape;
  SyntheticText plus;   // the context's
  SyntheticText minus;  // that of forks and opened files behind the prefill
};

// Every kind by turns; the other choices at other rhythms, so that each meets each.
ContextParams stress_params(std::size_t lifetime);

// Fixed and epsilon budgets, with and without a tail estimate, with and without slices.
std::vector<DecodeParams> ways_to_decode();

}  // namespace rattan::test
