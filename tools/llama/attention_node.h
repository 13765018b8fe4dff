// One attention node of a graph, as plain memory: what ggml_node.cpp reads from tensors, and what the rest works on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mask_rows.h"
#include "rattan/types.h"

namespace rattan::llama {

// Keys or values of one layer in the cache: cell c of head h begins c * cell_stride + h * dim elements after data.
struct CacheRows {
  const std::byte* data = nullptr;
  DType dtype = DType::f16;
  std::uint32_t heads = 0;
  std::uint32_t dim = 0;
  std::size_t cell_stride = 0;

  const std::byte* cell(std::size_t index) const noexcept { return data + index * cell_stride * dtype_size(dtype); }
  std::size_t cell_bytes() const noexcept { return std::size_t{heads} * dim * dtype_size(dtype); }
};

struct AttentionNode {
  int layer = 0;
  CacheRows keys, values;        // of the whole cache
  std::size_t stream_cells = 0;  // cells of a stream of the cache
  std::size_t first_stream = 0;  // that the mask begins with
  MaskRows mask;
  std::size_t tokens = 0;  // mask.rows * mask.streams
  std::uint32_t query_heads = 0;
  const float* queries = nullptr;  // [tokens][query_heads][keys.dim]
  float* output = nullptr;         // [tokens][query_heads][values.dim]
  double scale = 1;
  double logit_cap = 0;
  const float* sink_logits = nullptr;  // [query_heads], or null

  std::size_t stream(std::size_t token) const noexcept { return first_stream + token / mask.rows; }
};

}  // namespace rattan::llama
