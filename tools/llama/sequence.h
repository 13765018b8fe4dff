// What is remembered of one sequence in the cache: its cells, prefill queries, prints of its keys, and its contexts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cell_list.h"
#include "context/query_evidence.h"
#include "key_prints.h"
#include "layer_contexts.h"
#include "settings.h"

namespace rattan::llama {

class Sequence {
 public:
  // In a stream of `cells` cells, the first of which is cell first_cell of the cache.
  Sequence(std::size_t cells, std::size_t first_cell);

  CellList& cells() noexcept { return cells_; }
  const CellList& cells() const noexcept { return cells_; }
  std::size_t first_cell() const noexcept { return first_cell_; }
  bool has_context() const noexcept { return context_ != nullptr; }

  // The first `tokens` tokens stay, here and in the contexts.
  void cut(std::size_t tokens);
  // Keys of a layer are about to be written at `position`, or were: contexts that hold the old ones let go of them.
  void overwritten(std::uint32_t layer, std::size_t position);
  // Everything that was taken from keys is forgotten.
  void forget();
  // Another one with the first `tokens` tokens; shares what the contexts have.
  std::unique_ptr<Sequence> fork(std::size_t tokens) const;

  // Queries of prefill tokens first, first + 1, ...
  void observe(std::uint32_t layer, const AttentionNode& node, std::size_t first, std::span<const float> queries,
               const Settings& settings);
  // Makes the layer's context hold `tokens` tokens, of which `newest` are the last one's queries. False: it cannot,
  // because the layer's shape is another. Throws what Context does.
  bool prepare(std::uint32_t layer, std::uint32_t layers, const AttentionNode& node, std::size_t tokens,
               std::span<const float> newest, const Settings& settings);
  const Context& context() const noexcept { return context_->context(); }

  // Prints of the deepest layer, for sequences that have evidence or contexts. intact(): they fit `tokens` tokens.
  void print_keys(const CacheRows& keys, std::size_t tokens);
  bool intact(std::size_t tokens);

  std::uint64_t last_step = 0;   // in which it was used
  std::size_t planned = 0;       // most tokens of a row of that step
  bool overwritten_now = false;  // in that step
  std::uint64_t waited = 0;      // decode steps that were answered by full attention
  std::uint64_t answered = 0;    // by the context there is
  double building_seconds = 0;   // of that, as they were counted last

 private:
  LayerContexts::Rows rows(const AttentionNode& node) const;

  CellList cells_;
  std::size_t first_cell_;
  std::vector<QueryEvidence> evidence_;  // by layer, of prefill
  KeyPrints prints_;
  CacheRows printed_;  // whose prints these are
  std::unique_ptr<LayerContexts> context_;
};

}  // namespace rattan::llama
