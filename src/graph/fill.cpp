#include "graph/fill.h"

#include <algorithm>

#include "rattan/exact_topk.h"

namespace rattan {

void fill_with_nearest(Graph& graph, const KeyGeometry& geometry, Executor& executor) {
  const MatrixView keys = geometry.directions();
  // One more than there are slots: a key is nearest to itself.
  const auto nearest = make_exact_topk_cpu(&executor)->find(keys, keys, graph.stride() + 1, Metric::inner_product);
  for (std::size_t row = 0; row < graph.keys(); ++row) {
    const auto key = static_cast<KeyId>(row);
    const auto slots = graph.slots(key);
    auto free = std::find(slots.begin(), slots.end(), no_key);
    for (const KeyId near : nearest.ids(row).first(nearest.count(row))) {
      if (free == slots.end()) break;
      if (near != key && std::find(slots.begin(), free, near) == free) *free++ = near;
    }
  }
}

}  // namespace rattan
