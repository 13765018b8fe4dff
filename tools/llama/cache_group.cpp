#include "cache_group.h"

#include <algorithm>
#include <utility>

namespace rattan::llama {
namespace {

constexpr std::uint64_t few_steps = 16;
constexpr std::uint64_t most_patience = 64;

}  // namespace

CacheGroup::CacheGroup(const AttentionNode& first, const Settings& settings) : settings_(settings) {
  add_layer(first.layer);
}

bool CacheGroup::takes(const AttentionNode& node) const {
  return !complete_ && planned_ && node.mask.data == mask_ && node.layer > last_layer_;
}

void CacheGroup::add_layer(int layer) { layers_.push_back(layer); }

std::uint32_t CacheGroup::ordinal(int layer) const {
  return static_cast<std::uint32_t>(std::find(layers_.begin(), layers_.end(), layer) - layers_.begin());
}

void CacheGroup::begin_step(int layer, std::span<const std::int64_t> cells) {
  complete_ = complete_ || planned_;
  ++step_;
  planned_ = false;
  last_layer_ = layer;
  written_.assign(cells.begin(), cells.end());
  for (const auto& sequence : sequences_) {
    sequence->planned = 0;
    sequence->overwritten_now = false;
  }
}

void CacheGroup::writes(int layer, std::span<const std::int64_t> cells) {
  const bool same_step = planned_ && layer > last_layer_ && std::ranges::equal(cells, written_);
  if (!same_step) begin_step(layer, cells);
  last_layer_ = layer;
  for (const auto& sequence : sequences_) {
    std::size_t first = CellList::none;
    for (const std::int64_t cell : cells) {
      const auto local = static_cast<std::size_t>(cell) - sequence->first_cell();  // huge where it lies before
      first = std::min<std::size_t>(first, sequence->cells().position(local));
    }
    if (first == CellList::none) continue;
    if (same_step) {
      sequence->overwritten(ordinal(layer), first);
    } else {
      sequence->overwritten_now = true;
      sequence->cut(first);
      if (first < settings_.first_tokens) give_up(*sequence);
    }
  }
}

void CacheGroup::rewritten() {
  for (const auto& sequence : sequences_) sequence->forget();
}

std::span<const RowPlan> CacheGroup::plan(const AttentionNode& node) {
  if (!planned_ || node.mask.data != mask_ || plan_.size() != node.tokens) make_plan(node);
  return plan_;
}

void CacheGroup::make_plan(const AttentionNode& node) {
  plan_.assign(node.tokens, RowPlan());
  planned_ = true;
  mask_ = node.mask.data;
  if (written_.size() != node.tokens) return;
  for (std::size_t token = 0; token < node.tokens; ++token) {
    const std::size_t first_cell = node.stream(token) * node.stream_cells;
    const auto own = static_cast<std::size_t>(written_[token]) - first_cell;
    if (own < node.stream_cells) plan_[token] = plan_row(node, token, static_cast<std::uint32_t>(own));
  }
  std::erase_if(sequences_, [](const auto& sequence) { return sequence->cells().size() == 0; });
  // Keys that were changed from outside of any graph.
  for (const auto& sequence : sequences_) {
    if (sequence->last_step == step_ && !sequence->intact(sequence->planned)) sequence->forget();
  }
}

RowPlan CacheGroup::plan_row(const AttentionNode& node, std::size_t token, std::uint32_t own) {
  read_visible(node.mask, token, visible_);
  if (!visible_.plain || own >= visible_.seen.size() || visible_.seen[own] == 0) return {};
  const std::size_t stream = node.stream(token);
  Sequence* sequence = continued(node, stream, own);
  if (sequence == nullptr) sequence = branched(stream * node.stream_cells, own);
  if (sequence == nullptr) sequence = &begun(node, stream);
  append_seen(*sequence, own);
  sequence->last_step = step_;
  sequence->planned = std::max(sequence->planned, visible_.count);
  return {sequence, visible_.count};
}

// One whose first tokens are all that is seen but `own`, which comes next or is to come next.
Sequence* CacheGroup::continued(const AttentionNode& node, std::size_t stream, std::uint32_t own) {
  for (auto i = sequences_.rbegin(); i != sequences_.rend(); ++i) {
    Sequence& sequence = **i;
    if (sequence.first_cell() != stream * node.stream_cells) continue;
    if (!sequence.cells().holds(visible_.seen, visible_.count, own)) continue;
    const std::size_t before = visible_.count - 1;
    if (sequence.cells().size() > before && sequence.cells()[before] != own) continue;  // goes on otherwise
    std::rotate(i.base() - 1, i.base(), sequences_.end());                              // the last used one is the last
    return &sequence;
  }
  return nullptr;
}

// One with which what is seen begins, for at least half: cut where that ends or, where it may go on otherwise, forked.
Sequence* CacheGroup::branched(std::size_t first_cell, std::uint32_t own) {
  Sequence* best = nullptr;
  std::size_t most = visible_.count / 2;
  for (const auto& sequence : sequences_) {
    if (sequence->first_cell() != first_cell) continue;
    const std::size_t common = sequence->cells().common(visible_.seen, own);
    if (common > most) best = sequence.get(), most = common;
  }
  if (best == nullptr || best->cells().size() == most) return best;
  const bool rows_behind = best->planned > most;
  if (!rows_behind && (best->overwritten_now || !best->has_context())) {
    best->cut(most);
    return best;
  }
  std::unique_ptr<Sequence> child = best->fork(most);
  make_room();
  sequences_.push_back(std::move(child));
  return sequences_.back().get();
}

Sequence& CacheGroup::begun(const AttentionNode& node, std::size_t stream) {
  make_room();
  sequences_.push_back(std::make_unique<Sequence>(node.stream_cells, stream * node.stream_cells));
  return *sequences_.back();
}

void CacheGroup::append_seen(Sequence& sequence, std::uint32_t own) {
  CellList& cells = sequence.cells();
  if (cells.size() + 1 < visible_.count) {
    for (std::uint32_t cell = 0; cell < visible_.seen.size(); ++cell) {
      if (visible_.seen[cell] != 0 && cell != own && cells.position(cell) == CellList::none) cells.append(cell);
    }
  }
  if (cells.position(own) == CellList::none) cells.append(own);
}

// Contexts of a sequence that is gone, or too short for them.
void CacheGroup::give_up(Sequence& sequence) {
  if (!sequence.has_context()) return;
  if (sequence.answered < few_steps) {
    patience_ = std::min(most_patience, std::max<std::uint64_t>(1, patience_ * 2));
  } else {
    patience_ /= 2;
  }
  sequence.forget();
}

// The one that was used longest ago goes, but none of this step.
void CacheGroup::make_room() {
  while (sequences_.size() >= settings_.most_sequences) {
    std::size_t oldest = 0;
    for (std::size_t i = 1; i < sequences_.size(); ++i) {
      if (sequences_[i]->last_step < sequences_[oldest]->last_step) oldest = i;
    }
    if (sequences_[oldest]->last_step == step_) return;
    give_up(*sequences_[oldest]);
    sequences_.erase(sequences_.begin() + static_cast<std::ptrdiff_t>(oldest));
  }
}

}  // namespace rattan::llama
