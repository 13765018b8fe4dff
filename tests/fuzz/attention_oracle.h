// Attention in float64, with how far fp32 may be from it.
#pragma once

#include <cstddef>
#include <span>

namespace rattan::fuzz {

struct ExactAttention {
  double lse = 0;               // -infinity of no keys
  double largest_logit = 0;     // of keys; -infinity where there are none
  double newest_logit = 0;      // of the last key
  double lse_tolerance = 0;     // of an lse in fp32
  double output_tolerance = 0;  // of an element of the output
  double largest_value = 0;     // magnitude of an element of the values
};

// Of one query [key_dim] over `tokens` keys and values, row after row. output: [value_dim]. cap, 0: none. sink: the
// logit of a part without value, -infinity: none.
struct Scaling {
  double scale = 1;
  double cap = 0;
  double sink = 0;
};
ExactAttention exact_attention(const float* query, std::size_t tokens, std::size_t key_dim, const float* keys,
                               std::size_t value_dim, const float* values, const Scaling& scaling,
                               std::span<double> output);

}  // namespace rattan::fuzz
