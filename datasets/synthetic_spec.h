// The dials of synthetic heads, and specs as text. What the dials do is in synthetic.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rattan/types.h"

namespace rattan::datasets {

struct SyntheticParams {
  std::size_t keys = 131072;  // "n": prefill keys; 1 to 2^30
  std::size_t dim = 128;      // "d"; even, 2 to 4096
  std::size_t group = 4;      // query heads per KV head, 1 to 1024
  std::size_t heads = 2;      // KV heads, 1 to 4096
  std::uint64_t seed = 1;
  std::size_t decode = 1024;   // decode rows (and key rows) that follow the prefill; 0 to 2^20
  std::size_t query_step = 4;  // "qstep": every how many prefill positions a query row is kept; 1 to 2^20
  DType dtype = DType::f16;    // "dtype=f32|f16|bf16" of keys, queries, values
  double gap = 1.0;            // dial: distance of the queries from the keys, 1 = like trained models; 0.1 to 10
  double sharpness = 1.0;      // dial: share of mass in the best 100 keys, 1 = like a retrieval head; 0 to 10

  void validate() const;  // Error(invalid_argument) naming the dial, its value and what is allowed
};

// "n=131072,d=128,group=4,heads=2,seed=1,gap=1.2": dials in any order, the rest at their defaults. Unknown, repeated
// and malformed dials are Error(invalid_argument).
SyntheticParams parse_synthetic(std::string_view spec);
std::string to_string(const SyntheticParams& params);  // canonical spec, every dial named

}  // namespace rattan::datasets
