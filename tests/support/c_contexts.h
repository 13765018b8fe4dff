// Small contexts of one layer for tests of the C API.
#pragma once

#include <cstdint>

#include "rattan/c.h"

namespace rattan::test {

struct SmallSizes {
  std::uint32_t kv_heads = 1;
  std::uint32_t query_heads = 1;
  std::uint32_t dim = 1;  // of keys and values
  rattan_dtype dtype = RATTAN_F32;
  std::uint32_t sinks = 2;
  std::uint32_t recent = 4;
  std::uint32_t k = 5;
  std::uint32_t clusters = 4;
  std::uint32_t links_k = 8;
  std::uint32_t max_degree = 0;  // 0: the default
};

// Without automatic seals.
inline rattan_params params_of(const SmallSizes& sizes, rattan_kind kind = RATTAN_KIND_AUTO) {
  rattan_params params;
  rattan_params_init(&params);
  params.kind = kind;
  params.sinks = sizes.sinks;
  params.recent = sizes.recent;
  params.budget.k = sizes.k;
  params.clusters = sizes.clusters;
  params.links_k = sizes.links_k;
  if (sizes.max_degree != 0) params.max_degree = sizes.max_degree;
  params.seal_after = 0;
  return params;
}

inline rattan_status create_context(const SmallSizes& sizes, const rattan_params& params, rattan_context** context) {
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = 1;
  shape.kv_heads = sizes.kv_heads;
  shape.query_heads = sizes.query_heads;
  shape.key_dim = shape.value_dim = sizes.dim;
  shape.dtype = sizes.dtype;
  return rattan_context_create(&shape, &params, context);
}

}  // namespace rattan::test
