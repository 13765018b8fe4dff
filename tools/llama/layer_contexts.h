// A rattan::Context over the cells of one sequence: its layers are built when they are first asked, and follow the
// sequence as it grows and is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attention_node.h"
#include "rattan/context.h"

namespace rattan::llama {

// Of `layers` layers of the node's shape.
ContextShape context_shape(const AttentionNode& node, std::uint32_t layers);
bool same_shape(const ContextShape& a, const ContextShape& b);

class LayerContexts {
 public:
  LayerContexts(const ContextShape& shape, const ContextParams& params);

  // Where the rows of one layer lie: of a stream of the cache, by a table of cells.
  struct Rows {
    CacheRows keys, values;
    std::size_t first_cell = 0;  // of the stream
    std::span<const std::uint32_t> table;
  };

  const Context& context() const noexcept { return context_; }
  bool built(std::uint32_t layer) const noexcept { return rows_[layer].keys.data != nullptr; }
  std::size_t tokens(std::uint32_t layer) const { return built(layer) ? context_.tokens(layer) : 0; }

  // queries: one matrix a query head, of rows at `positions`; or empty.
  void build(std::uint32_t layer, const Rows& rows, std::size_t tokens, std::span<const MatrixView> queries,
             std::span<const std::int64_t> positions);
  // All tokens up to `tokens`; newest: queries of the last of them, [count][query_heads][key_dim].
  void follow(std::uint32_t layer, std::size_t tokens, std::span<const float> newest);
  void truncate(std::size_t tokens);
  // With the first `tokens` tokens, whose cells another table holds as well.
  LayerContexts fork(std::size_t tokens, std::span<const std::uint32_t> table) const;

 private:
  explicit LayerContexts(Context context);

  void append(std::uint32_t layer, std::size_t tokens, std::span<const float> queries);

  Context context_;
  std::vector<Rows> rows_;  // by layer; without data: not built
};

}  // namespace rattan::llama
