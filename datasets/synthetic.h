// Made attention heads: seeded, any size, calibrated to what trained long-context models show
// (../shared/data/README.md). The same KvGroup type as a dump of a real model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/qkv_dump.h"
#include "rattan/executor.h"

namespace rattan::datasets {

struct SyntheticParams {
  std::size_t keys = 131072;  // "n": prefill keys
  std::size_t dim = 128;      // "d"; even
  std::size_t group = 4;      // query heads per KV head, 1..8
  std::size_t heads = 2;      // KV heads
  std::uint64_t seed = 1;
  std::size_t decode = 1024;   // decode rows (and key rows) that follow the prefill
  std::size_t query_step = 4;  // "qstep": every how many prefill positions a query row is kept
  DType dtype = DType::f16;    // "dtype=f32|f16|bf16" of keys, queries, values
  double gap = 1.0;            // dial: distance of the queries from the keys, 1 = like trained models
  double sharpness = 1.0;      // dial: share of mass in the best 100 keys, 1 = like a retrieval head

  void validate() const;
};

// "n=131072,d=128,group=4,heads=2,seed=1,gap=1.2": unknown names and bad numbers are Error(invalid_argument).
SyntheticParams parse_synthetic(std::string_view spec);
std::string to_string(const SyntheticParams& params);  // canonical spec, every dial named

// KV head `head` (0..heads-1), independent of the others and of the number of threads.
KvGroup make_synthetic(const SyntheticParams& params, std::size_t head, Executor* executor = nullptr);

}  // namespace rattan::datasets
