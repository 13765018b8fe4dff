#include "ggml_node.h"

#include <charconv>
#include <cstring>
#include <string_view>

namespace rattan::llama {
namespace {

int layer_of(const ggml_tensor* tensor, std::string_view prefix) {
  const ggml_tensor* cache = tensor->view_src != nullptr ? tensor->view_src : tensor;
  std::string_view name(cache->name);
  if (!name.starts_with(prefix)) return -1;
  name.remove_prefix(prefix.size());
  int layer = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  return error == std::errc() && end == name.data() + name.size() ? layer : -1;
}

float float_parameter(const ggml_tensor* node, std::size_t index) {
  float value = 0;
  std::memcpy(&value, node->op_params + index, sizeof value);
  return value;
}

enum { scale_parameter = 0, alibi_parameter = 1, cap_parameter = 2 };

DType dtype_of(const ggml_tensor* tensor) {
  if (tensor->type == GGML_TYPE_F16) return DType::f16;
  return tensor->type == GGML_TYPE_BF16 ? DType::bf16 : DType::f32;
}

bool has_dtype(const ggml_tensor* tensor) {
  return tensor->type == GGML_TYPE_F16 || tensor->type == GGML_TYPE_BF16 || tensor->type == GGML_TYPE_F32;
}

// [dim, cells, heads, streams] with the heads of a cell side by side.
bool is_cache_view(const ggml_tensor* rows) {
  return rows->view_src != nullptr && has_dtype(rows) && rows->nb[0] == ggml_type_size(rows->type) &&
         rows->nb[2] == rows->nb[0] * static_cast<std::size_t>(rows->ne[0]) &&
         rows->nb[1] == rows->nb[0] * static_cast<std::size_t>(rows->view_src->ne[0]) &&
         rows->ne[0] * rows->ne[2] == rows->view_src->ne[0];
}

// [dim, tokens, heads, streams], token after token in memory.
bool is_token_major(const ggml_tensor* queries) {
  const std::size_t row = sizeof(float) * static_cast<std::size_t>(queries->ne[0]);
  const std::size_t token = row * static_cast<std::size_t>(queries->ne[2]);
  return queries->type == GGML_TYPE_F32 && queries->nb[0] == sizeof(float) && queries->nb[2] == row &&
         queries->nb[1] == token &&
         (queries->ne[3] == 1 || queries->nb[3] == token * static_cast<std::size_t>(queries->ne[1]));
}

bool is_plain_mask(const ggml_tensor* mask, const ggml_tensor* queries, const ggml_tensor* keys) {
  return mask != nullptr && (mask->type == GGML_TYPE_F16 || mask->type == GGML_TYPE_F32) &&
         mask->nb[0] == ggml_type_size(mask->type) && mask->ne[2] == 1 && mask->ne[1] >= queries->ne[1] &&
         mask->ne[3] == queries->ne[3] && mask->ne[0] == keys->ne[1];
}

CacheRows read_rows(const ggml_tensor* rows) {
  CacheRows read;
  read.data = static_cast<const std::byte*>(rows->view_src->data);
  read.dtype = dtype_of(rows);
  read.heads = static_cast<std::uint32_t>(rows->ne[2]);
  read.dim = static_cast<std::uint32_t>(rows->ne[0]);
  read.cell_stride = rows->nb[1] / rows->nb[0];
  return read;
}

MaskRows read_mask(const ggml_tensor* mask, const ggml_tensor* queries) {
  MaskRows read;
  read.data = static_cast<const std::byte*>(mask->data);
  read.half = mask->type == GGML_TYPE_F16;
  read.cells = static_cast<std::size_t>(mask->ne[0]);
  read.rows = static_cast<std::size_t>(queries->ne[1]);
  read.row_bytes = mask->nb[1];
  read.stream_bytes = mask->nb[3];
  read.streams = static_cast<std::size_t>(queries->ne[3]);
  return read;
}

}  // namespace

int key_layer(const ggml_tensor* tensor) { return layer_of(tensor, "cache_k_l"); }

int value_layer(const ggml_tensor* tensor) { return layer_of(tensor, "cache_v_l"); }

bool is_attention(const ggml_tensor* node) {
  if (node->op != GGML_OP_FLASH_ATTN_EXT || float_parameter(node, alibi_parameter) != 0) return false;
  const ggml_tensor* queries = node->src[0];
  const ggml_tensor* keys = node->src[1];
  const ggml_tensor* values = node->src[2];
  const int layer = key_layer(keys);
  return layer >= 0 && value_layer(values) == layer && is_cache_view(keys) && is_cache_view(values) &&
         keys->type == values->type && keys->ne[1] == values->ne[1] && keys->ne[2] == values->ne[2] &&
         keys->ne[3] == queries->ne[3] && keys->view_src->ne[1] == values->view_src->ne[1] &&
         queries->ne[2] % keys->ne[2] == 0 && is_token_major(queries) && is_plain_mask(node->src[3], queries, keys) &&
         node->type == GGML_TYPE_F32 && ggml_is_contiguous(node);
}

bool writes_cache(const ggml_tensor* node) {
  if (node->view_src == nullptr || (key_layer(node) < 0 && value_layer(node) < 0)) return false;
  switch (node->op) {
    case GGML_OP_SET_ROWS:
    case GGML_OP_SET:
    case GGML_OP_CPY:
    case GGML_OP_ROPE:
    case GGML_OP_ROPE_BACK:
    case GGML_OP_SCALE: return true;
    default: return false;
  }
}

AttentionNode read_attention(const ggml_tensor* node) {
  const ggml_tensor* queries = node->src[0];
  const ggml_tensor* keys = node->src[1];
  AttentionNode read;
  read.layer = key_layer(keys);
  read.keys = read_rows(keys);
  read.values = read_rows(node->src[2]);
  read.stream_cells = static_cast<std::size_t>(keys->view_src->ne[1]);
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(keys->data) - read.keys.data);
  read.first_stream = offset / (read.stream_cells * keys->nb[1]);
  read.mask = read_mask(node->src[3], queries);
  read.tokens = read.mask.rows * read.mask.streams;
  read.query_heads = static_cast<std::uint32_t>(queries->ne[2]);
  read.queries = static_cast<const float*>(queries->data);
  read.output = static_cast<float*>(node->data);
  read.scale = float_parameter(node, scale_parameter);
  read.logit_cap = float_parameter(node, cap_parameter);
  if (node->src[4] != nullptr) read.sink_logits = static_cast<const float*>(node->src[4]->data);
  return read;
}

std::vector<std::int64_t> read_cells(const ggml_tensor* node) {
  const ggml_tensor* cells = node->src[1];
  std::vector<std::int64_t> read(static_cast<std::size_t>(cells->ne[0]));
  for (std::size_t i = 0; i < read.size(); ++i) {
    const std::byte* at = static_cast<const std::byte*>(cells->data) + i * cells->nb[0];
    if (cells->type == GGML_TYPE_I64) {
      std::memcpy(&read[i], at, sizeof(std::int64_t));
    } else {
      std::int32_t cell = 0;
      std::memcpy(&cell, at, sizeof cell);
      read[i] = cell;
    }
  }
  return read;
}

}  // namespace rattan::llama
