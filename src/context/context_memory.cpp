#include <algorithm>

#include "context/context_state.h"

namespace rattan {

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
