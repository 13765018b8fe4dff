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
  state_->builds.wait();
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

void Context::State::open(const std::filesystem::path& folder, std::uint32_t layer, const LayerInput& input) {
  check_new(layer, input.rows());
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  std::vector<QueryEvidence::Copy> kept(input.heads());
  for (std::size_t h = 0; h < input.heads(); ++h) {
    const std::filesystem::path path = head_path(folder, layer, h);
    const HeadRows head = in_layer(layer, [&] { return input.head(h); });
    const auto prefix = open_head(path, head.keys, head.values, params, &kept[h]);
    if (input.paged()) forget_rows(*prefix);
    check_prefix_fits(*prefix, share, path.string(), input.paged());
    prefixes.push_back(prefix);
  }
  auto opened = std::make_unique<Layer>(prefixes, params, share, input.pages());
  opened->restore_evidence(kept, shape.query_heads / shape.kv_heads);
  publish(layer, std::move(opened));
}

void Context::open_layer(const std::filesystem::path& folder, std::uint32_t layer, std::span<const SharedMatrix> keys,
                         std::span<const SharedMatrix> values) {
  check_folder(folder);
  state_->open(folder, layer, in_layer(layer, [&] { return LayerInput(state_->shape, state_->params, keys, values); }));
}

void Context::open_layer(const std::filesystem::path& folder, std::uint32_t layer, std::span<const PagedRows> keys,
                         std::span<const PagedRows> values) {
  check_folder(folder);
  state_->open(folder, layer, in_layer(layer, [&] { return LayerInput(state_->shape, state_->params, keys, values); }));
}

}  // namespace rattan
