#include "graph/connect.h"

#include <algorithm>
#include <span>
#include <vector>

#include "core/parallel.h"
#include "graph/audit.h"

namespace rattan {
namespace {

// Reached keys that are looked at for an island whose own neighbours are all unreached.
constexpr std::size_t anchor_sample = 4096;
constexpr std::size_t max_rounds = 64;
constexpr std::size_t keys_per_task = 64;

// One key per unreached island: the smallest id from which the island's remaining keys are then crossed off.
std::vector<KeyId> island_heads(const Graph& graph, std::vector<std::uint8_t> reached) {
  std::vector<KeyId> heads;
  for (std::size_t key = 0; key < reached.size(); ++key) {
    if (reached[key] != 0) continue;
    heads.push_back(static_cast<KeyId>(key));
    spread(graph, {static_cast<KeyId>(key)}, reached);
  }
  return heads;
}

std::vector<KeyId> even_sample(const std::vector<std::uint8_t>& reached) {
  std::vector<KeyId> all;
  for (std::size_t key = 0; key < reached.size(); ++key) {
    if (reached[key] != 0) all.push_back(static_cast<KeyId>(key));
  }
  const std::size_t count = std::min(all.size(), anchor_sample);
  std::vector<KeyId> sample(count);
  for (std::size_t i = 0; i < count; ++i) sample[i] = all[i * all.size() / count];
  return sample;
}

// Anchors of one island head, nearest first: at most `wanted`.
std::vector<KeyId> anchors_of(KeyId head, const Graph& graph, const std::vector<std::uint8_t>& reached,
                              const std::vector<KeyId>& sample, const KeyGeometry& geometry, std::size_t wanted) {
  std::vector<KeyId> candidates;
  for (const KeyId neighbor : graph.neighbors(head)) {
    if (reached[neighbor] != 0) candidates.push_back(neighbor);
  }
  if (candidates.empty()) candidates = sample;
  std::vector<float> similarity(candidates.size());
  std::vector<const void*> rows;
  geometry.similarity(head, candidates, rows, similarity.data());
  std::vector<std::size_t> order(candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::size_t count = std::min(wanted, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return similarity[a] > similarity[b] ||
                             (similarity[a] == similarity[b] && candidates[a] < candidates[b]);
                    });
  std::vector<KeyId> anchors(count);
  for (std::size_t i = 0; i < count; ++i) anchors[i] = candidates[order[i]];
  return anchors;
}

// The first unused slot, or null.
KeyId* free_slot(std::span<KeyId> slots) {
  const auto free = std::find(slots.begin(), slots.end(), no_key);
  return free == slots.end() ? nullptr : &*free;
}

// anchor -> head. Where the anchor is full, its weakest edge makes place and its end moves behind the head, which must
// have room for it (or hold it already).
bool hang(KeyId head, KeyId anchor, Graph& graph) {
  const auto edges = graph.slots(anchor);
  if (KeyId* free = free_slot(edges); free != nullptr) {
    *free = head;
    return true;
  }
  const KeyId moved = edges.back();
  const auto behind = graph.slots(head);
  if (std::find(behind.begin(), behind.end(), moved) == behind.end()) {
    KeyId* free = free_slot(behind);
    if (free == nullptr) return false;
    *free = moved;
  }
  edges.back() = head;
  return true;
}

// Hangs each head on the first of its anchors that has taken the fewest islands so far in this round, so that one
// popular anchor does not turn into a chain of displaced edges.
std::size_t hang_all(const std::vector<KeyId>& heads, const std::vector<std::vector<KeyId>>& anchors, Graph& graph) {
  std::vector<std::uint32_t> taken(graph.keys(), 0);
  std::size_t hung = 0;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (anchors[i].empty()) continue;
    const KeyId anchor =
        *std::min_element(anchors[i].begin(), anchors[i].end(), [&](KeyId a, KeyId b) { return taken[a] < taken[b]; });
    if (hang(heads[i], anchor, graph)) {
      ++taken[anchor];
      ++hung;
      continue;
    }
    // The head is full as well: its own weakest edge gives way, and the next round sees to what that cut off.
    graph.slots(heads[i]).back() = no_key;
    if (hang(heads[i], anchor, graph)) ++hung;
  }
  return hung;
}

}  // namespace

std::uint64_t connect(Graph& graph, const KeyGeometry& geometry, Executor& executor) {
  constexpr std::size_t anchors_per_head = 8;
  for (std::size_t round = 0; round < max_rounds; ++round) {
    const auto reached = reachable_keys(graph);
    const auto unreached = static_cast<std::uint64_t>(std::count(reached.begin(), reached.end(), 0));
    if (unreached == 0) return 0;
    const std::vector<KeyId> heads = island_heads(graph, reached);
    const std::vector<KeyId> sample = even_sample(reached);
    std::vector<std::vector<KeyId>> anchors(heads.size());
    parallel_blocks(executor, heads.size(), keys_per_task, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        anchors[i] = anchors_of(heads[i], graph, reached, sample, geometry, anchors_per_head);
      }
    });
    if (hang_all(heads, anchors, graph) == 0) return unreached;
  }
  const auto reached = reachable_keys(graph);
  return static_cast<std::uint64_t>(std::count(reached.begin(), reached.end(), 0));
}

}  // namespace rattan
