#include "context/context_state.h"

#include <utility>

#include "context/stoppable.h"
#include "core/check.h"
#include "core/parallel.h"

namespace rattan {

Context::State::State(const ContextShape& shape_, const ContextParams& params_)
    : shape(shape_),
      params(params_),
      scale(softmax_scale(params_, shape_.key_dim)),
      logits(scale, params_.logit_cap),
      builds(params_) {
  shape.validate();
  params.validate();
  share = memory_share(shape, params);
  owned.resize(shape.layers);
  layers = std::vector<std::atomic<Layer*>>(shape.layers);
}

Layer& Context::State::built(std::uint32_t layer) const {
  if (layer >= shape.layers) {
    fail(ErrorCode::invalid_argument, "layer is ", layer, ", allowed is below ", shape.layers);
  }
  Layer* const found = layers[layer].load(std::memory_order_acquire);
  if (found == nullptr) {
    fail(ErrorCode::invalid_argument, "layer is ", layer, ", which is not built; allowed are layers that are");
  }
  return *found;
}

void Context::State::check_new(std::uint32_t layer, std::size_t rows) const {
  if (layer >= shape.layers) {
    fail(ErrorCode::invalid_argument, "layer is ", layer, ", allowed is below ", shape.layers);
  }
  if (layers[layer].load(std::memory_order_acquire) != nullptr) {
    fail(ErrorCode::invalid_argument, "layer is ", layer, ", which is built already; allowed are layers that are not");
  }
  for (std::size_t other = 0; other < layers.size(); ++other) {
    const Layer* const there = layers[other].load(std::memory_order_acquire);
    if (there != nullptr && there->prefill() != rows) {
      fail(ErrorCode::invalid_argument, "keys[0].rows is ", rows, ", allowed is ", there->prefill(), " (as layer ",
           other, ")");
    }
  }
}

void Context::State::publish(std::uint32_t layer, std::unique_ptr<Layer> built) {
  owned[layer] = std::move(built);
  layers[layer].store(owned[layer].get(), std::memory_order_release);
}

void Context::State::drop_builds() {
  builds.stop();
  for (const auto& layer : owned) {
    if (layer) layer->drop_builds();
  }
}

void Context::State::drop_layers() noexcept {
  stop_sealing();
  builds.stop();
  longest.store(0, std::memory_order_relaxed);
  for (auto& layer : layers) layer.store(nullptr, std::memory_order_release);
  for (auto& layer : owned) layer.reset();
}

void Context::State::stop_sealing() {
  stopping.store(true);
  background.forget();
  stopping.store(false);
}

void Context::State::order_seal(Layer& layer) {
  if (params.seal_after == 0 || !layer.waiting(params.seal_after)) return;
  if (!params.background_seal) {
    layer.try_seal(Layer::Part::older_half, executor_or_default(params.executor));
    return;
  }
  if (!layer.order_seal()) {
    background.go_on();
    return;
  }
  // On that thread alone: the others are the decoder's.
  const auto job = [this, &layer] {
    Stoppable executor(stopping);
    layer.try_seal(Layer::Part::older_half, executor);
    layer.seal_ended();
  };
  try {
    background.run(job);
  } catch (...) {
    layer.seal_ended();
    throw;
  }
}

void Context::State::check_step(std::uint32_t layer, std::size_t tokens) const {
  std::uint64_t most = longest.load(std::memory_order_relaxed);
  if (tokens < most / most_layers) {
    fail(ErrorCode::invalid_argument, "layer ", layer, " has ", tokens, " tokens, allowed are the ", most / most_layers,
         " of layer ", most % most_layers,
         ", which was decoded before: an append was left out (ContextParams::check_layers)");
  }
  const std::uint64_t mine = tokens * most_layers + layer;
  while (tokens > most / most_layers && !longest.compare_exchange_weak(most, mine, std::memory_order_relaxed)) {
  }
}

}  // namespace rattan
