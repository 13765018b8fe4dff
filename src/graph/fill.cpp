#include "graph/fill.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "core/parallel.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"

namespace rattan {
namespace {

// Bounds the table of nearest keys and the copied rows.
constexpr std::size_t rows_at_once = 16384;
constexpr std::size_t keys_per_task = 1024;

std::vector<KeyId> keys_with_free_slots(const Graph& graph) {
  std::vector<KeyId> keys;
  for (std::size_t i = 0; i < graph.keys(); ++i) {
    const auto key = static_cast<KeyId>(i);
    if (graph.neighbors(key).size() < graph.stride()) keys.push_back(key);
  }
  return keys;
}

void take_nearest(Graph& graph, KeyId key, std::span<const KeyId> nearest) {
  const auto slots = graph.slots(key);
  auto free = std::find(slots.begin(), slots.end(), no_key);
  for (const KeyId near : nearest) {
    if (free == slots.end()) break;
    if (near != key && std::find(slots.begin(), free, near) == free) *free++ = near;
  }
}

}  // namespace

void fill_with_nearest(Graph& graph, const KeyGeometry& geometry, Executor& executor) {
  const std::vector<KeyId> open = keys_with_free_slots(graph);
  if (open.empty()) return;
  const MatrixView all = geometry.directions();
  const auto exact = make_exact_topk_cpu(&executor);
  std::vector<float> rows;
  NeighborTable nearest;
  for (std::size_t first = 0; first < open.size(); first += rows_at_once) {
    const std::size_t count = std::min(rows_at_once, open.size() - first);
    rows.resize(count * all.cols);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(rows.data() + i * all.cols, all.row(open[first + i]), all.row_bytes());
    }
    // One more than there are slots: a key is nearest to itself.
    exact->find_checked(nearest, CheckedMatrix::trusted(MatrixView(rows.data(), DType::f32, count, all.cols)),
                        CheckedMatrix::trusted(all), graph.stride() + 1, Metric::inner_product);
    parallel_blocks(executor, count, keys_per_task, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        take_nearest(graph, open[first + i], nearest.ids(i).first(nearest.count(i)));
      }
    });
  }
}

}  // namespace rattan
