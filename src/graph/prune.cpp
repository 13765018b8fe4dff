#include "graph/prune.h"

#include <algorithm>
#include <atomic>

#include "core/parallel.h"

namespace rattan {
namespace {

constexpr std::size_t lists_per_task = 256;
constexpr std::size_t keys_per_task = 1024;
constexpr std::uint32_t absent = ~std::uint32_t{0};

struct Weighted {
  std::uint32_t weight;
  KeyId id;
};

}  // namespace

std::vector<std::uint32_t> count_uses(const LinkLists& lists, const EdgeTable& edges, Executor& executor) {
  std::vector<std::uint32_t> uses(edges.keys() * edges.capacity(), 0);
  std::vector<std::vector<std::uint32_t>> positions(executor.workers());
  parallel_blocks(executor, lists.size(), lists_per_task, [&](std::size_t begin, std::size_t end, unsigned worker) {
    auto& position = positions[worker];
    position.resize(edges.keys(), absent);
    std::vector<bool> found(lists.longest());
    for (std::size_t i = begin; i < end; ++i) {
      const auto list = lists[i];
      for (std::uint32_t rank = 0; rank < list.size(); ++rank) position[list[rank]] = rank;
      std::fill(found.begin(), found.end(), false);
      found[0] = true;
      for (const KeyId from : list) {
        const auto neighbors = edges[from];
        for (std::size_t j = 0; j < neighbors.size(); ++j) {
          const std::uint32_t rank = position[neighbors[j]];
          if (rank == absent || found[rank]) continue;
          found[rank] = true;
          std::atomic_ref(uses[edges.slot(from) + j]).fetch_add(1, std::memory_order_relaxed);
        }
      }
      for (const KeyId id : list) position[id] = absent;
    }
  });
  return uses;
}

Graph prune(const EdgeTable& edges, const std::vector<std::uint32_t>& weights, std::uint32_t max_degree,
            Executor& executor) {
  Graph graph(edges.keys(), max_degree);
  parallel_blocks(executor, edges.keys(), keys_per_task, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<Weighted> sorted;
    for (std::size_t i = begin; i < end; ++i) {
      const auto key = static_cast<KeyId>(i);
      const auto neighbors = edges[key];
      sorted.clear();
      for (std::size_t j = 0; j < neighbors.size(); ++j) {
        sorted.push_back({weights[edges.slot(key) + j], neighbors[j]});
      }
      std::sort(sorted.begin(), sorted.end(), [](const Weighted& a, const Weighted& b) {
        return a.weight > b.weight || (a.weight == b.weight && a.id < b.id);
      });
      const auto slots = graph.slots(key);
      for (std::size_t j = 0; j < std::min(slots.size(), sorted.size()); ++j) slots[j] = sorted[j].id;
    }
  });
  return graph;
}

}  // namespace rattan
