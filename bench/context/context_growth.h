// What a token costs that is appended to a Context: keys, values, queries as evidence, seals, and the clusters that
// stand for sealed keys.
#pragma once

#include <cstddef>

#include "datasets/qkv_dump.h"
#include "rattan/context.h"

namespace rattan::bench {

struct ContextGrowthCost {
  // Per token of this KV head: wall time of all appends behind the first seal up to the last one, so that as many
  // tokens are sealed as are appended, on one thread. 0: there were fewer than two seals.
  double us = 0;
  double worst_ms = 0;
};

// Builds a Context of one layer over the prefill of `group`, then appends its first `append` decoded tokens one by one;
// seals are made inside append (params.background_seal is not used). The group has values and that many decoded tokens.
ContextGrowthCost grow_context(const datasets::KvGroup& group, std::size_t append, ContextParams params);

}  // namespace rattan::bench
