#include "sequence.h"

#include <algorithm>
#include <numeric>

namespace rattan::llama {

Sequence::Sequence(std::size_t cells, std::size_t first_cell) : cells_(cells), first_cell_(first_cell) {}

void Sequence::cut(std::size_t tokens) {
  if (tokens >= cells_.size()) return;
  if (context_) context_->truncate(tokens);
  for (QueryEvidence& evidence : evidence_) evidence.truncate(static_cast<std::int64_t>(tokens));
  prints_.cut(tokens);
  cells_.cut(tokens);
}

void Sequence::overwritten(std::uint32_t layer, std::size_t position) {
  if (context_ && layer < context_->context().shape().layers && context_->tokens(layer) > position) {
    context_->truncate(position);
  }
}

void Sequence::forget() {
  context_.reset();
  evidence_.clear();
  prints_.cut(0);
  answered = 0;
  building_seconds = 0;
}

std::unique_ptr<Sequence> Sequence::fork(std::size_t tokens) const {
  auto child = std::make_unique<Sequence>(cells_.capacity(), first_cell_);
  child->cells_.copy(cells_, tokens);
  child->prints_ = prints_;
  child->prints_.cut(tokens);
  child->printed_ = printed_;
  if (context_) child->context_ = std::make_unique<LayerContexts>(context_->fork(tokens, child->cells_.table()));
  return child;
}

void Sequence::observe(std::uint32_t layer, const AttentionNode& node, std::size_t first,
                       std::span<const float> queries, const Settings& settings) {
  const std::size_t width = std::size_t{node.query_heads} * node.keys.dim;
  const std::size_t tokens = queries.size() / width;
  if (context_) {
    if (layer < context_->context().shape().layers && context_->built(layer)) {
      context_->follow(layer, first + tokens, queries);
    }
    return;
  }
  // Early tokens are linked by the queries of later ones: short sequences cost nothing.
  if (first + tokens <= settings.first_tokens / 2) return;
  while (evidence_.size() <= layer) evidence_.emplace_back(node.keys.dim, settings.evidence_rows);
  std::vector<MatrixView> heads;
  for (std::uint32_t head = 0; head < node.query_heads; ++head) {
    heads.emplace_back(queries.data() + std::size_t{head} * node.keys.dim, DType::f32, tokens, node.keys.dim, width);
  }
  std::vector<std::int64_t> positions(tokens);
  std::iota(positions.begin(), positions.end(), static_cast<std::int64_t>(first));
  evidence_[layer].truncate(static_cast<std::int64_t>(first));  // tokens that come again
  evidence_[layer].add({heads, positions});
}

LayerContexts::Rows Sequence::rows(const AttentionNode& node) const {
  return {.keys = node.keys, .values = node.values, .first_cell = first_cell_, .table = cells_.table()};
}

bool Sequence::prepare(std::uint32_t layer, std::uint32_t layers, const AttentionNode& node, std::size_t tokens,
                       std::span<const float> newest, const Settings& settings) {
  if (!context_) {
    ContextParams params = settings.context;
    params.softmax_scale = node.scale;
    params.logit_cap = node.logit_cap;
    context_ = std::make_unique<LayerContexts>(context_shape(node, layers), params);
    answered = 0;
  }
  const ContextShape& shape = context_->context().shape();
  if (layer >= shape.layers || !same_shape(shape, context_shape(node, layers))) return false;
  if (context_->built(layer)) {
    context_->follow(layer, tokens, newest);
    return true;
  }
  if (layer < evidence_.size()) {
    const QueryEvidence::Copy kept = evidence_[layer].copy();
    context_->build(layer, rows(node), tokens, kept.heads, kept.positions);
    evidence_[layer].forget();
  } else {
    const std::vector<MatrixView> none(node.query_heads, MatrixView(nullptr, DType::f32, 0, node.keys.dim));
    context_->build(layer, rows(node), tokens, none, {});
  }
  return true;
}

void Sequence::print_keys(const CacheRows& keys, std::size_t tokens) {
  if (!context_ && evidence_.empty()) return;
  if (printed_.data != keys.data) prints_.cut(0);
  printed_ = keys;
  prints_.extend(std::min(tokens, cells_.size()), [&](std::size_t position) {
    return std::span(keys.cell(first_cell_ + cells_[position]), keys.cell_bytes());
  });
}

bool Sequence::intact(std::size_t tokens) {
  return prints_.match(std::min(tokens, cells_.size()), [&](std::size_t position) {
    return std::span(printed_.cell(first_cell_ + cells_[position]), printed_.cell_bytes());
  });
}

}  // namespace rattan::llama
