#include "attention.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

namespace rattan::llama {
namespace {

RowRange all_rows(const AttentionNode& node) { return {0, node.tokens}; }

std::size_t query_width(const AttentionNode& node) { return std::size_t{node.query_heads} * node.keys.dim; }

std::span<const float> queries_of(const AttentionNode& node, const RowRange& rows) {
  return {node.queries + rows.first * query_width(node), rows.count * query_width(node)};
}

Context::DecodeItem decode_item(const AttentionNode& node, const RowRange& rows, const RowPlan& last,
                                std::uint32_t layer) {
  const std::size_t output_width = std::size_t{node.query_heads} * node.values.dim;
  Context::DecodeItem item;
  item.context = &last.sequence->context();
  item.layer = layer;
  item.queries = MatrixView(queries_of(node, rows).data(), DType::f32, rows.count * node.query_heads, node.keys.dim);
  item.output = {node.output + rows.first * output_width, rows.count * output_width};
  item.params.rows = static_cast<std::uint32_t>(rows.count);
  item.params.visible_tokens = last.tokens;
  if (node.sink_logits != nullptr) item.params.sink_logits = {node.sink_logits, node.query_heads};
  return item;
}

}  // namespace

Attention::Attention(Settings settings) : settings_(settings) {}

Attention::~Attention() = default;

void Attention::set_threads(unsigned threads) { threads_ = threads; }

Executor& Attention::executor() {
  std::unique_ptr<Executor>& made = executors_[threads_];
  // ggml's threads are OpenMP's: another pool would run beside them while they wait for work.
  if (!made) made = make_openmp_executor(threads_);
  return *made;
}

void Attention::writes(int layer, std::span<const std::int64_t> cells) {
  written_[layer].assign(cells.begin(), cells.end());
  const auto group = group_by_layer_.find(layer);
  if (group != group_by_layer_.end()) group->second->writes(layer, cells);
}

void Attention::rewritten(int layer) {
  const auto group = group_by_layer_.find(layer);
  if (group != group_by_layer_.end()) group->second->rewritten();
}

CacheGroup& Attention::group_of(const AttentionNode& node) {
  const auto known = group_by_layer_.find(node.layer);
  if (known != group_by_layer_.end()) return *known->second;
  CacheGroup* group = nullptr;
  for (const auto& candidate : groups_) {
    if (candidate->takes(node)) group = candidate.get();
  }
  if (group != nullptr) {
    group->add_layer(node.layer);
  } else {
    groups_.push_back(std::make_unique<CacheGroup>(node, settings_));
    group = groups_.back().get();
  }
  group_by_layer_[node.layer] = group;
  group->writes(node.layer, written_[node.layer]);
  return *group;
}

std::vector<Attention::Run> Attention::runs(const AttentionNode& node, std::span<const RowPlan> plan) const {
  std::vector<Run> found;
  for (std::size_t row = 0; row < node.tokens; ++row) {
    const bool goes_on = row % node.mask.rows != 0 && !found.empty() && found.back().last.sequence != nullptr &&
                         found.back().last.sequence == plan[row].sequence &&
                         found.back().last.tokens + 1 == plan[row].tokens;
    if (goes_on) {
      ++found.back().rows.count;
      found.back().last = plan[row];
    } else {
      found.push_back({{row, 1}, plan[row]});
    }
  }
  return found;
}

bool Attention::serves(const CacheGroup& group, const AttentionNode& node, const Run& run) const {
  return node.tokens <= settings_.most_rows && run.last.sequence != nullptr &&
         run.last.tokens >= settings_.first_tokens && group.complete() &&
         (run.last.sequence->has_context() || run.last.sequence->waited >= group.patience());
}

bool Attention::prepare(CacheGroup& group, const AttentionNode& node, const Run& run) {
  Sequence& sequence = *run.last.sequence;
  const auto begin = std::chrono::steady_clock::now();
  const bool is_new = !sequence.has_context();
  settings_.context.executor = &executor();
  const bool ready = sequence.prepare(group.ordinal(node.layer), group.layer_count(), node, run.last.tokens,
                                      queries_of(node, run.rows), settings_);
  if (is_new) ++counts_.builds;
  counts_.build_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return ready;
}

void Attention::decode(CacheGroup& group, const AttentionNode& node, std::span<const Run> served) {
  std::vector<Context::DecodeItem> items;
  for (const Run& run : served) {
    items.push_back(decode_item(node, run.rows, run.last, group.ordinal(node.layer)));
  }
  Context::decode_batch(items, &executor());
  for (const Run& run : served) {
    counts_.rows_answered += run.rows.count;
    if (group.is_deepest(node.layer)) count_answered(*run.last.sequence, run.rows.count);
  }
}

// At the deepest layer: the others' builds were ordered before.
void Attention::count_answered(Sequence& sequence, std::size_t rows) {
  sequence.answered += rows;
  const BuildProgress progress = sequence.context().build_progress();
  if (progress.heads != 0) counts_.rows_while_building += rows;
  counts_.background_seconds += progress.seconds - std::exchange(sequence.building_seconds, progress.seconds);
}

void Attention::attend(const AttentionNode& node, std::vector<RowRange>& left_over) {
  CacheGroup& group = group_of(node);
  const std::span<const RowPlan> plan = group.plan(node);
  std::vector<Run> served;
  for (const Run& run : runs(node, plan)) {
    if (serves(group, node, run) && prepare(group, node, run)) {
      served.push_back(run);
      continue;
    }
    left_over.push_back(run.rows);
    if (run.last.sequence == nullptr) continue;
    run.last.sequence->observe(group.ordinal(node.layer), node, run.last.tokens - run.rows.count,
                               queries_of(node, run.rows), settings_);
    if (node.tokens <= settings_.most_rows && group.is_deepest(node.layer)) ++run.last.sequence->waited;
  }
  if (served.empty()) {
    left_over = {all_rows(node)};  // as one node, which ggml computes otherwise than its parts
  } else {
    decode(group, node, served);
  }
  if (!group.is_deepest(node.layer)) return;
  for (const RowPlan& row : plan) {
    if (row.sequence != nullptr) row.sequence->print_keys(node.keys, row.tokens);
  }
}

std::vector<RowRange> Attention::answer(const AttentionNode& node) noexcept {
  std::vector<RowRange> left_over;
  try {
    attend(node, left_over);
  } catch (const std::exception&) {
    ++counts_.rows_refused;
    rewritten(node.layer);
    left_over = {all_rows(node)};
  }
  for (const RowRange& rows : left_over) counts_.rows_full += rows.count;
  return left_over;
}

std::string Attention::statistics() const {
  char text[384];
  std::snprintf(
      text, sizeof text,
      "rattan: %llu rows answered, %llu by full attention, %llu batches refused, %llu contexts built, "
      "%.3f s of building and growing, %.3f s of building in the background beside %llu of the rows",
      static_cast<unsigned long long>(counts_.rows_answered), static_cast<unsigned long long>(counts_.rows_full),
      static_cast<unsigned long long>(counts_.rows_refused), static_cast<unsigned long long>(counts_.builds),
      counts_.build_seconds, counts_.background_seconds, static_cast<unsigned long long>(counts_.rows_while_building));
  return text;
}

}  // namespace rattan::llama
