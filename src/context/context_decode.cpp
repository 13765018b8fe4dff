#include <algorithm>
#include <utility>
#include <vector>

#include "context/context_checks.h"
#include "context/context_state.h"
#include "core/check.h"
#include "core/parallel.h"

namespace rattan {

// One call of decode, checked. Its items are pieces of work that may run at once, on any threads: some tokens of a KV
// head.
class Context::State::Decode {
 public:
  Decode(const State& state, std::uint32_t layer, MatrixView queries, std::span<float> output, std::span<float> lse,
         const DecodeParams& params)
      : state_(state), layer_(state.built(layer)) {
    const std::uint64_t now = state.epoch.load(std::memory_order_acquire);
    if (params.epoch && *params.epoch != now) {
      fail(ErrorCode::invalid_argument, "DecodeParams::epoch is ", *params.epoch, ", allowed is ", now,
           " (keys were rewritten or dropped since)");
    }
    const std::size_t tokens = layer_.tokens();
    in_layer(layer, [&] { check_decode(state.shape, tokens, queries, output.size(), lse.size(), params); });
    if (state.params.check_layers) state.check_step(layer, tokens);
    step_.queries = queries;
    step_.heads = state.shape.query_heads;
    step_.group = step_.heads / state.shape.kv_heads;
    step_.tokens = params.visible_tokens.value_or(tokens);
    step_.budget = params.budget ? *params.budget : state.params.budget;
    step_.logits = state.logits;
    step_.sink_logits = params.sink_logits;
    step_.output = output;
    step_.lse = lse;
    first_ = params.slices == 0 ? 0 : params.slice;
    stride_ = std::max<std::size_t>(1, params.slices);
    const std::size_t heads = layer_.heads();
    heads_ = first_ < heads ? (heads - first_ + stride_ - 1) / stride_ : 0;
    rows_ = params.rows;
    rows_of_item_ = std::clamp<std::size_t>(item_queries / step_.group, 1, rows_);
    blocks_ = (rows_ + rows_of_item_ - 1) / rows_of_item_;
  }

  std::size_t items() const noexcept { return heads_ * blocks_; }

  void run(std::size_t item) const {
    const std::size_t head = first_ + item / blocks_ * stride_;
    const std::size_t row = item % blocks_ * rows_of_item_;
    HeadStep step = step_;
    step.first = head * step.group;
    step.rows = std::min(rows_of_item_, rows_ - row);
    step.tokens -= rows_ - (row + step.rows);
    step.queries = step.queries.slice(row * step.heads, step.rows * step.heads);
    step.output = step.output.subspan(row * step.heads * state_.shape.value_dim);
    if (!step.lse.empty()) step.lse = step.lse.subspan(row * step.heads);
    const Pool<HeadScratch>::Lease scratch(state_.scratches);
    state_.counters.add(attend_head(layer_.head(head), step, *scratch));
  }

 private:
  // As many query rows share a pass over the window; more tokens are further items.
  static constexpr std::size_t item_queries = 64;

  const State& state_;
  const Layer& layer_;
  HeadStep step_;  // of all tokens
  std::size_t first_ = 0;
  std::size_t stride_ = 1;
  std::size_t heads_ = 0;
  std::size_t rows_ = 1;
  std::size_t rows_of_item_ = 1;
  std::size_t blocks_ = 1;
};

void Context::decode(std::uint32_t layer, MatrixView queries, std::span<float> output, std::span<float> lse,
                     const DecodeParams& params) const {
  const State::Decode decode(*state_, layer, queries, output, lse, params);
  const std::size_t items = decode.items();
  if (params.slices != 0 || items == 1) {
    for (std::size_t item = 0; item < items; ++item) decode.run(item);
  } else {
    // One reference fits into the function object; more would be allocated.
    executor_or_default(state_->params.executor).run(items, [&decode](std::size_t item, unsigned) {
      decode.run(item);
    });
  }
}

void Context::decode_batch(std::span<const DecodeItem> items, Executor* executor) {
  std::vector<State::Decode> decodes;
  std::vector<std::size_t> ends;  // of each decode's pieces of work among those of all
  decodes.reserve(items.size());
  std::size_t end = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const DecodeItem& item = items[i];
    if (item.context == nullptr) {
      fail(ErrorCode::invalid_argument, "items[", i, "].context is null, allowed is a pointer to a Context");
    }
    try {
      decodes.emplace_back(*item.context->state_, item.layer, item.queries, item.output, item.lse, item.params);
    } catch (const Error& error) {
      fail(error.code(), "items[", i, "]: ", error.what());
    }
    end += decodes.back().items();
    ends.push_back(end);
  }
  if (items.empty()) return;
  Executor& runs = executor_or_default(executor != nullptr ? executor : items.front().context->state_->params.executor);
  runs.run(end, [&](std::size_t work, unsigned) {
    const auto decode = static_cast<std::size_t>(std::ranges::upper_bound(ends, work) - ends.begin());
    decodes[decode].run(work - (ends[decode] - decodes[decode].items()));
  });
}

}  // namespace rattan
