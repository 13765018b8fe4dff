#include "tests/context/synthetic_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

// Token after token, with the rows of all heads each.
SharedMatrix by_token(std::span<const SharedMatrix> heads, std::size_t begin, std::size_t count) {
  const MatrixView& like = heads.front().view;
  auto bytes = std::make_shared<std::vector<std::byte>>(heads.size() * count * like.row_bytes());
  std::byte* to = bytes->data();
  for (std::size_t t = begin; t < begin + count; ++t) {
    for (const SharedMatrix& head : heads) {
      std::memcpy(to, head.view.row(t), like.row_bytes());
      to += like.row_bytes();
    }
  }
  return {MatrixView(bytes->data(), like.dtype, heads.size() * count, like.cols), bytes};
}

std::vector<SharedMatrix> first_rows(std::span<const SharedMatrix> heads, std::size_t rows) {
  std::vector<SharedMatrix> all;
  for (const SharedMatrix& head : heads) all.emplace_back(head.view.slice(0, rows), head.owner);
  return all;
}

}  // namespace

SyntheticText::SyntheticText(const ContextShape& shape, std::size_t tokens, std::uint64_t seed,
                             std::size_t row_stride_extra)
    : shape_(shape) {
  for (std::size_t i = 0; i < std::size_t{shape.layers} * shape.kv_heads; ++i) {
    keys_.push_back(
        random_matrix(tokens, shape.key_dim, seed * 1000 + i, shape.dtype, shape.key_dim + row_stride_extra));
    values_.push_back(
        random_matrix(tokens, shape.value_dim, seed * 2000 + i, shape.dtype, shape.value_dim + row_stride_extra));
  }
  for (std::size_t i = 0; i < std::size_t{shape.layers} * shape.query_heads; ++i) {
    queries_.push_back(random_matrix(tokens, shape.key_dim, seed * 3000 + i, DType::f32));
  }
}

std::vector<SharedMatrix> SyntheticText::keys(std::size_t layer, std::size_t tokens) const {
  return first_rows(std::span(keys_).subspan(layer * shape_.kv_heads, shape_.kv_heads), tokens);
}
std::vector<SharedMatrix> SyntheticText::values(std::size_t layer, std::size_t tokens) const {
  return first_rows(std::span(values_).subspan(layer * shape_.kv_heads, shape_.kv_heads), tokens);
}
std::vector<MatrixView> SyntheticText::queries(std::size_t layer, std::size_t tokens) const {
  std::vector<MatrixView> views;
  for (std::size_t h = 0; h < shape_.query_heads; ++h) {
    views.push_back(queries_[layer * shape_.query_heads + h].view.slice(0, tokens));
  }
  return views;
}
SharedMatrix SyntheticText::token_keys(std::size_t layer, std::size_t begin, std::size_t count) const {
  return by_token(std::span(keys_).subspan(layer * shape_.kv_heads, shape_.kv_heads), begin, count);
}
SharedMatrix SyntheticText::token_values(std::size_t layer, std::size_t begin, std::size_t count) const {
  return by_token(std::span(values_).subspan(layer * shape_.kv_heads, shape_.kv_heads), begin, count);
}
SharedMatrix SyntheticText::token_queries(std::size_t layer, std::size_t begin, std::size_t count) const {
  return by_token(std::span(queries_).subspan(layer * shape_.query_heads, shape_.query_heads), begin, count);
}

void SyntheticText::build(Context& context, std::size_t prefill, bool with_queries) const {
  for (std::uint32_t layer = 0; layer < shape_.layers; ++layer) {
    context.build_layer(layer, keys(layer, prefill), values(layer, prefill),
                        with_queries ? queries(layer, prefill) : std::vector<MatrixView>());
  }
}

void SyntheticText::append(Context& context, std::size_t begin, std::size_t count) const {
  for (std::uint32_t layer = 0; layer < shape_.layers; ++layer) {
    context.append(layer, count, token_keys(layer, begin, count).view, token_values(layer, begin, count).view,
                   token_queries(layer, begin, count).view);
  }
}

Attended SyntheticText::decode(const Context& context, std::size_t layer, std::size_t asked,
                               const DecodeParams& params) const {
  Attended result{std::vector<float>(std::size_t{shape_.query_heads} * shape_.value_dim),
                  std::vector<float>(shape_.query_heads)};
  context.decode(static_cast<std::uint32_t>(layer), token_queries(layer, asked, 1).view, result.output, result.lse,
                 params);
  return result;
}

Attended SyntheticText::over(std::size_t layer, std::size_t asked, std::span<const std::vector<KeyId>> ids) const {
  Attended result;
  const double scale = 1 / std::sqrt(static_cast<double>(shape_.key_dim));
  for (std::size_t h = 0; h < shape_.query_heads; ++h) {
    const std::size_t kv = layer * shape_.kv_heads + h / group();
    const ReferenceAttention exact = reference_attention(queries_[layer * shape_.query_heads + h].view, asked,
                                                         keys_[kv].view, values_[kv].view, ids[h], scale);
    for (const double x : exact.output) result.output.push_back(static_cast<float>(x));
    result.lse.push_back(static_cast<float>(exact.lse));
  }
  return result;
}

Attended SyntheticText::full(std::size_t layer, std::size_t asked, std::size_t tokens) const {
  return over(layer, asked, std::vector<std::vector<KeyId>>(shape_.query_heads, all_ids(tokens)));
}

Attended SyntheticText::best(std::size_t layer, std::size_t asked, std::size_t tokens, std::size_t sinks,
                             std::size_t recent, std::size_t k) const {
  std::vector<std::vector<KeyId>> ids;
  for (std::size_t h = 0; h < shape_.query_heads; ++h) {
    ids.push_back(best_ids(layer, h, asked, tokens, sinks, recent, k));
  }
  return over(layer, asked, ids);
}

std::vector<KeyId> SyntheticText::best_ids(std::size_t layer, std::size_t head, std::size_t asked, std::size_t tokens,
                                           std::size_t sinks, std::size_t recent, std::size_t k) const {
  const MatrixView query = queries_[layer * shape_.query_heads + head].view.slice(asked, 1);
  const MatrixView all = keys_[layer * shape_.kv_heads + head / group()].view;
  Visibility visible;
  visible.range = {static_cast<KeyId>(sinks), static_cast<KeyId>(tokens - recent)};
  const NeighborTable found = reference_topk(query, all, static_cast<std::uint32_t>(k), Metric::inner_product, visible);
  std::vector<KeyId> ids(found.ids(0).begin(), found.ids(0).begin() + static_cast<std::ptrdiff_t>(found.count(0)));
  for (std::size_t i = 0; i < tokens; ++i) {
    if (!visible.range.contains(static_cast<KeyId>(i))) ids.push_back(static_cast<KeyId>(i));
  }
  return ids;
}

ContextShape two_layers(DType dtype) {
  ContextShape shape;
  shape.layers = 2;
  shape.kv_heads = 2;
  shape.query_heads = 4;
  shape.key_dim = 16;
  shape.value_dim = 8;
  shape.dtype = dtype;
  return shape;
}

ContextParams small_window(HeadKind kind, std::size_t capacity) {
  ContextParams params;
  params.kind = kind;
  params.sinks = 8;
  params.recent = 32;
  params.clusters = 16;
  params.links_k = 16;
  params.capacity = capacity;
  params.executor = &serial_executor();
  return params;
}

double output_error(const Attended& a, const Attended& b) {
  const std::size_t dim = b.output.size() / b.lse.size();
  double worst = 0;
  for (std::size_t h = 0; h < b.lse.size(); ++h) {
    double difference = 0;
    double norm = 0;
    for (std::size_t c = h * dim; c < (h + 1) * dim; ++c) {
      difference += std::pow(static_cast<double>(a.output[c]) - static_cast<double>(b.output[c]), 2);
      norm += std::pow(static_cast<double>(b.output[c]), 2);
    }
    // Not max: a NaN must be seen.
    const double error = std::sqrt(difference / norm);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

double lse_error(const Attended& a, const Attended& b) {
  double worst = 0;
  for (std::size_t h = 0; h < b.lse.size(); ++h) {
    const double error = std::abs(static_cast<double>(a.lse[h]) - static_cast<double>(b.lse[h]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

}  // namespace rattan::test
