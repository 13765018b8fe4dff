#include "layer_contexts.h"

#include <algorithm>
#include <utility>

namespace rattan::llama {
namespace {

// One KV head's rows, each cell a page of its own.
PagedRows head_rows(const CacheRows& rows, std::size_t first_cell, std::span<const std::uint32_t> table,
                    std::size_t tokens, std::uint32_t head) {
  PagedRows pages;
  pages.data = rows.cell(first_cell) + std::size_t{head} * rows.dim * dtype_size(rows.dtype);
  pages.dtype = rows.dtype;
  pages.rows = tokens;
  pages.cols = rows.dim;
  pages.row_stride = rows.dim;
  pages.table = table;
  pages.block_rows = 1;
  pages.block_stride = rows.cell_stride;
  return pages;
}

std::vector<PagedRows> all_heads(const CacheRows& rows, std::size_t first_cell, std::span<const std::uint32_t> table,
                                 std::size_t tokens) {
  std::vector<PagedRows> heads;
  for (std::uint32_t head = 0; head < rows.heads; ++head) {
    heads.push_back(head_rows(rows, first_cell, table, tokens, head));
  }
  return heads;
}

}  // namespace

ContextShape context_shape(const AttentionNode& node, std::uint32_t layers) {
  ContextShape shape;
  shape.layers = layers;
  shape.query_heads = node.query_heads;
  shape.kv_heads = node.keys.heads;
  shape.key_dim = node.keys.dim;
  shape.value_dim = node.values.dim;
  shape.dtype = node.keys.dtype;
  return shape;
}

bool same_shape(const ContextShape& a, const ContextShape& b) {
  return a.query_heads == b.query_heads && a.kv_heads == b.kv_heads && a.key_dim == b.key_dim &&
         a.value_dim == b.value_dim && a.dtype == b.dtype;
}

LayerContexts::LayerContexts(const ContextShape& shape, const ContextParams& params)
    : context_(shape, params), rows_(shape.layers) {}

LayerContexts::LayerContexts(Context context) : context_(std::move(context)), rows_(context_.shape().layers) {}

void LayerContexts::build(std::uint32_t layer, const Rows& rows, std::size_t tokens,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> positions) {
  const auto keys = all_heads(rows.keys, rows.first_cell, rows.table, tokens);
  const auto values = all_heads(rows.values, rows.first_cell, rows.table, tokens);
  context_.build_layer(layer, keys, values, queries, positions);
  rows_[layer] = rows;
}

void LayerContexts::append(std::uint32_t layer, std::size_t tokens, std::span<const float> queries) {
  const Rows& rows = rows_[layer];
  const std::size_t all = context_.tokens(layer) + tokens;
  const auto keys = all_heads(rows.keys, rows.first_cell, rows.table, all);
  const auto values = all_heads(rows.values, rows.first_cell, rows.table, all);
  const std::size_t dim = context_.shape().key_dim;
  const MatrixView newest(queries.data(), DType::f32, queries.size() / dim, dim);
  context_.append_pages(layer, tokens, keys, values, queries.empty() ? MatrixView() : newest);
}

void LayerContexts::follow(std::uint32_t layer, std::size_t tokens, std::span<const float> newest) {
  const std::size_t there = context_.tokens(layer);
  if (there >= tokens) return;
  const std::size_t width = std::size_t{context_.shape().query_heads} * context_.shape().key_dim;
  const std::size_t with_queries = std::min(newest.size() / width, tokens - there);
  const std::size_t without = tokens - there - with_queries;
  if (without > 0) append(layer, without, {});
  if (with_queries > 0) append(layer, with_queries, newest.last(with_queries * width));
}

void LayerContexts::truncate(std::size_t tokens) { context_.truncate(tokens); }

LayerContexts LayerContexts::fork(std::size_t tokens, std::span<const std::uint32_t> table) const {
  LayerContexts child(context_.fork());
  child.context_.truncate(tokens);
  for (std::uint32_t layer = 0; layer < rows_.size(); ++layer) {
    if (!built(layer)) continue;
    child.rows_[layer] = rows_[layer];
    child.rows_[layer].table = table;
    child.append(layer, 0, {});
  }
  return child;
}

}  // namespace rattan::llama
