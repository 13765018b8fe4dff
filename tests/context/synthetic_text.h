// Keys, values and queries of a synthetic text of several layers and heads, told to a Context token by token, and
// attention over it in float64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/context.h"
#include "rattan/matrix.h"

namespace rattan::test {

struct Attended {
  std::vector<float> output;  // query_heads x value_dim
  std::vector<float> lse;
};

class SyntheticText {
 public:
  // row_stride_extra: elements between the rows of keys and values.
  SyntheticText(const ContextShape& shape, std::size_t tokens, std::uint64_t seed = 1,
                std::size_t row_stride_extra = 0);

  const ContextShape& shape() const noexcept { return shape_; }
  std::size_t group() const noexcept { return shape_.query_heads / shape_.kv_heads; }

  // Arguments of build_layer and append.
  std::vector<SharedMatrix> keys(std::size_t layer, std::size_t tokens) const;
  std::vector<SharedMatrix> values(std::size_t layer, std::size_t tokens) const;
  std::vector<MatrixView> queries(std::size_t layer, std::size_t tokens) const;
  SharedMatrix token_keys(std::size_t layer, std::size_t begin, std::size_t count) const;
  SharedMatrix token_values(std::size_t layer, std::size_t begin, std::size_t count) const;
  SharedMatrix token_queries(std::size_t layer, std::size_t begin, std::size_t count) const;

  void build(Context& context, std::size_t prefill, bool with_queries = true) const;  // every layer
  void append(Context& context, std::size_t begin, std::size_t count) const;

  // Of token `asked`'s queries; the context holds `tokens` tokens.
  Attended decode(const Context& context, std::size_t layer, std::size_t asked, const DecodeParams& params = {}) const;
  // In float64 over the first `tokens` tokens.
  Attended full(std::size_t layer, std::size_t asked, std::size_t tokens) const;
  // Over the window and the k best others by score.
  Attended best(std::size_t layer, std::size_t asked, std::size_t tokens, std::size_t sinks, std::size_t recent,
                std::size_t k) const;

 private:
  std::vector<KeyId> best_ids(std::size_t layer, std::size_t head, std::size_t asked, std::size_t tokens,
                              std::size_t sinks, std::size_t recent, std::size_t k) const;
  Attended over(std::size_t layer, std::size_t asked, std::span<const std::vector<KeyId>> ids) const;

  ContextShape shape_;
  std::vector<SharedMatrix> keys_;     // [layer * kv_heads + head]
  std::vector<SharedMatrix> values_;   // likewise
  std::vector<SharedMatrix> queries_;  // [layer * query_heads + head]
};

// Two layers of two KV heads with two query heads each, keys of 16 and values of 8 columns.
ContextShape two_layers(DType dtype);

// Small enough for short texts: 8 sinks, 32 recent tokens, 16 clusters, 16 links, on the calling thread.
ContextParams small_window(HeadKind kind, std::size_t capacity);

// |a - b| / |b| of the outputs of every query head, the largest; and the largest difference of lse.
double output_error(const Attended& a, const Attended& b);
double lse_error(const Attended& a, const Attended& b);

}  // namespace rattan::test
