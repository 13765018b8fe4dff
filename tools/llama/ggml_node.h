// Reads ggml's tensors: which nodes are ours, and what an attention node works on.
#pragma once

#include <cstdint>
#include <vector>

#include <ggml.h>
#include "attention_node.h"

namespace rattan::llama {

// The layer of a view of a cache of keys or values, "cache_k_l7" or "cache_v_l7"; -1: none of these.
int key_layer(const ggml_tensor* tensor);
int value_layer(const ggml_tensor* tensor);

// Attention of one layer over its cache that contexts can answer: causal, without alibi, keys and values of one type.
bool is_attention(const ggml_tensor* node);
// Anything that writes to such a cache.
bool writes_cache(const ggml_tensor* node);

// Requires: is_attention(node), memory allocated.
AttentionNode read_attention(const ggml_tensor* node);
// The cells that a GGML_OP_SET_ROWS writes. Requires: memory allocated.
std::vector<std::int64_t> read_cells(const ggml_tensor* node);

}  // namespace rattan::llama
