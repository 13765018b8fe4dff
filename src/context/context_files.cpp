#include <algorithm>
#include <memory>
#include <vector>

#include "context/context_checks.h"
#include "context/context_state.h"
#include "context/head_file.h"
#include "core/parallel.h"

namespace rattan {

namespace {

void check_folder(const std::filesystem::path& folder) {
  if (folder.empty()) fail(ErrorCode::invalid_argument, "folder is \"\", allowed is the name of a folder that exists");
}

}  // namespace

void Context::save(const std::filesystem::path& folder) const {
  check_folder(folder);
  // First what is searched, then how many tokens there are: all heads of all layers are saved with as many.
  std::vector<std::shared_ptr<const Generation>> generations;
  std::size_t tokens = no_key;
  for (const auto& published : state_->layers) {
    const Layer* const layer = published.load(std::memory_order_acquire);
    for (std::size_t h = 0; layer != nullptr && h < layer->heads(); ++h) {
      generations.push_back(layer->head(h).generation());
    }
  }
  for (const auto& published : state_->layers) {
    const Layer* const layer = published.load(std::memory_order_acquire);
    if (layer != nullptr) tokens = std::min(tokens, layer->tokens());
  }
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < state_->shape.layers; ++i) {
    const Layer* const layer = state_->layers[i].load(std::memory_order_acquire);
    for (std::size_t h = 0; layer != nullptr && h < layer->heads() && next < generations.size(); ++h) {
      save_head(layer->head(h), tokens, *generations[next++], head_path(folder, i, h));
    }
  }
}

void Context::open_layer(const std::filesystem::path& folder, std::uint32_t layer, std::span<const SharedMatrix> keys,
                         std::span<const SharedMatrix> values) {
  const ContextParams& params = state_->params;
  check_folder(folder);
  const CheckedPrefill prefill = in_layer(layer, [&] {
    return check_prefill(state_->shape, params.capacity, keys, values, executor_or_default(params.executor));
  });
  state_->check_new(layer, keys.front().view.rows);
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  for (std::size_t h = 0; h < keys.size(); ++h) {
    const std::filesystem::path path = head_path(folder, layer, h);
    prefixes.push_back(open_head(path, prefill.keys[h], prefill.values[h], params));
    check_prefix_fits(*prefixes.back(), state_->share, path.string());
  }
  state_->publish(layer, std::make_unique<Layer>(prefixes, params, state_->share));
}

}  // namespace rattan
