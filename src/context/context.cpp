#include "rattan/context.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "context/context_checks.h"
#include "context/context_state.h"
#include "core/check.h"
#include "core/parallel.h"

namespace rattan {

namespace {

void check_paged(const Layer& layer, bool wanted) {
  if (layer.paged() == wanted) return;
  fail(ErrorCode::invalid_argument, wanted ? "its keys are no pages: append() takes the tokens that follow"
                                           : "its keys are in pages: append_pages() takes those that follow");
}

}  // namespace

Context::Context(const ContextShape& shape, const ContextParams& params)
    : state_(std::make_unique<State>(shape, params)) {}
Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

void Context::append(std::uint32_t layer, std::size_t tokens, MatrixView keys, MatrixView values, MatrixView queries) {
  Layer& built = state_->built(layer);
  built.rethrow_failure();
  in_layer(layer, [&] {
    check_paged(built, false);
    check_tokens(state_->shape, state_->params.capacity, built.tokens(), tokens, keys, values, queries);
  });
  built.append(tokens, keys, values, queries);
  state_->order_seal(built);
}

void Context::append_pages(std::uint32_t layer, std::size_t tokens, std::span<const PagedRows> keys,
                           std::span<const PagedRows> values, MatrixView queries) {
  Layer& built = state_->built(layer);
  built.rethrow_failure();
  const std::size_t before = built.tokens();
  std::vector<HeadPages> pages;
  in_layer(layer, [&] {
    check_paged(built, true);
    check_range<std::size_t>("tokens", tokens, 0, state_->params.capacity - before);
    pages = check_pages(state_->shape, before + tokens, "the tokens there are and those to come", keys, values);
    check_page_tokens(state_->shape, before, tokens, pages, queries);
  });
  built.append_pages(tokens, pages, queries);
  state_->order_seal(built);
}

void Context::seal(std::uint32_t layer) {
  Layer& built = state_->built(layer);
  if (built.building()) state_->builds.wait();
  built.rethrow_failure();
  built.seal(Layer::Part::all, executor_or_default(state_->params.executor), state_->params.exact);
}

void Context::rebuild(std::uint32_t layer) {
  Layer& built = state_->built(layer);
  if (built.building()) state_->builds.wait();
  built.rethrow_failure();
  built.seal(Layer::Part::anew, executor_or_default(state_->params.executor), state_->params.exact);
}

void Context::truncate(std::size_t tokens) {
  std::size_t most = 0;
  for (const auto& layer : state_->owned) most = std::max(most, layer ? layer->tokens() : 0);
  check_range<std::size_t>("tokens", tokens, 0, most);
  state_->stop_sealing();
  // Builds read rows of the prefill.
  const auto cuts_build = [&](const auto& layer) { return layer && tokens < layer->prefill() && layer->building(); };
  if (std::ranges::any_of(state_->owned, cuts_build)) state_->drop_builds();
  std::vector<std::unique_lock<ForkSafeMutex>> locks;
  for (const auto& layer : state_->owned) {
    if (layer) locks.push_back(layer->lock_builds());
  }
  std::vector<Layer::Truncation> prepared(state_->owned.size());
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    if (!state_->owned[i]) continue;
    state_->owned[i]->seal_ended();  // an order that was forgotten
    prepared[i] = state_->owned[i]->prepare_truncation(tokens);
  }
  state_->longest.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    if (state_->owned[i]) state_->owned[i]->truncate(tokens, std::move(prepared[i]));
  }
  state_->epoch.fetch_add(1, std::memory_order_acq_rel);
}

void Context::invalidate() {
  state_->drop_layers();
  state_->epoch.fetch_add(1, std::memory_order_acq_rel);
}

std::uint64_t Context::epoch() const noexcept { return state_->epoch.load(std::memory_order_acquire); }

Context Context::fork() const {
  Context other(state_->shape, state_->params);
  for (std::uint32_t i = 0; i < state_->shape.layers; ++i) {
    const Layer* const layer = state_->layers[i].load(std::memory_order_acquire);
    if (layer == nullptr) continue;
    auto copy = std::make_unique<Layer>(*layer, state_->share);
    other.state_->builds.order(*copy);
    other.state_->publish(i, std::move(copy));
  }
  return other;
}

const ContextShape& Context::shape() const noexcept { return state_->shape; }
std::size_t Context::tokens(std::uint32_t layer) const { return state_->built(layer).tokens(); }
DecodeStats Context::stats() const noexcept { return state_->counters.read(); }
void Context::reset_stats() noexcept { state_->counters.reset(); }

std::vector<HeadReport> Context::report() const {
  std::size_t most = 0;
  for (const auto& layer : state_->layers) {
    const Layer* const built = layer.load(std::memory_order_acquire);
    if (built != nullptr) most = std::max(most, built->tokens());
  }
  std::vector<HeadReport> reports;
  for (std::uint32_t i = 0; i < state_->shape.layers; ++i) {
    const Layer* const layer = state_->layers[i].load(std::memory_order_acquire);
    if (layer == nullptr) continue;
    const std::size_t tokens = layer->tokens();
    for (std::uint32_t h = 0; h < layer->heads(); ++h) {
      reports.push_back(layer->head(h).report(tokens));
      reports.back().layer = i;
      reports.back().tokens_behind = most - std::min(most, tokens);
      reports.back().kv_head = h;
      reports.back().building = layer->building(h);
    }
  }
  return reports;
}

BuildProgress Context::build_progress() const { return state_->builds.progress(); }

void Context::wait_for_builds() {
  state_->builds.wait();
  for (const auto& layer : state_->owned) {
    if (layer) layer->rethrow_failure();
  }
}

MemoryUse Context::memory() const {
  MemoryUse sum;
  const auto add = [&](const std::pair<std::string, std::uint64_t>& part) {
    const auto same =
        std::find_if(sum.parts.begin(), sum.parts.end(), [&](const auto& p) { return p.first == part.first; });
    if (same == sum.parts.end()) {
      sum.parts.push_back(part);
    } else {
      same->second += part.second;
    }
  };
  for (const auto& published : state_->layers) {
    const Layer* const layer = published.load(std::memory_order_acquire);
    if (layer == nullptr) continue;
    const std::size_t tokens = layer->tokens();
    for (std::size_t h = 0; h < layer->heads(); ++h) {
      for (const auto& part : layer->head(h).memory(tokens).parts) add(part);
    }
  }
  return sum;
}

}  // namespace rattan
