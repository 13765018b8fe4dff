// The layers of one cache, which see one mask, and the sequences whose tokens lie in its cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "attention_node.h"
#include "sequence.h"
#include "settings.h"

namespace rattan::llama {

// What one row of a batch is: the newest of `tokens` tokens of a sequence. Null: unknown, full attention alone is
// right.
struct RowPlan {
  Sequence* sequence = nullptr;
  std::size_t tokens = 0;
};

// Who belongs to which sequence is read from the mask and from the cells that the batch writes. A row that sees exactly
// the cells of a sequence, in any order, and its own cell, goes on with it.
class CacheGroup {
 public:
  CacheGroup(const AttentionNode& first, const Settings& settings);

  // Whether a layer that is in no group belongs to this one: it comes later in the step, with the same mask.
  bool takes(const AttentionNode& node) const;
  void add_layer(int layer);
  bool has_layer(int layer) const { return ordinal(layer) < layers_.size(); }
  std::uint32_t ordinal(int layer) const;
  std::uint32_t layer_count() const noexcept { return static_cast<std::uint32_t>(layers_.size()); }
  // All layers are known: the first step is over.
  bool complete() const noexcept { return complete_; }
  // Whose keys are printed.
  bool is_deepest(int layer) const { return layers_.back() == layer; }

  // Before keys of a layer are written to these cells of the cache, one a token of the batch.
  void writes(int layer, std::span<const std::int64_t> cells);
  // Keys or values of a layer were changed in a way that nobody follows.
  void rewritten();

  // By row of the node. Made at the first layer of a step.
  std::span<const RowPlan> plan(const AttentionNode& node);

  // Full attention answers so many decode steps of a sequence before it gets contexts. Grows where contexts were made
  // for few steps.
  std::uint64_t patience() const noexcept { return patience_; }

 private:
  void begin_step(int layer, std::span<const std::int64_t> cells);
  void make_plan(const AttentionNode& node);
  RowPlan plan_row(const AttentionNode& node, std::size_t token, std::uint32_t own);
  Sequence* continued(const AttentionNode& node, std::size_t stream, std::uint32_t own);
  Sequence* branched(std::size_t stream, std::uint32_t own);
  Sequence& begun(const AttentionNode& node, std::size_t stream);
  void append_seen(Sequence& sequence, std::uint32_t own);
  void give_up(Sequence& sequence);
  void make_room();

  const Settings& settings_;
  std::vector<int> layers_;  // ascending as they came
  bool complete_ = false;
  std::vector<std::unique_ptr<Sequence>> sequences_;
  std::uint64_t patience_ = 0;

  // The step.
  std::uint64_t step_ = 0;
  std::vector<std::int64_t> written_;
  int last_layer_ = -1;
  const void* mask_ = nullptr;
  bool planned_ = false;
  std::vector<RowPlan> plan_;
  VisibleCells visible_;
};

}  // namespace rattan::llama
