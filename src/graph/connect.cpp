#include "graph/connect.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/parallel.h"
#include "graph/audit.h"

namespace rattan {
namespace {

// Reached keys that are looked at for an island whose own neighbours are all unreached.
constexpr std::size_t anchor_sample = 4096;
constexpr std::size_t max_rounds = 64;
constexpr std::size_t keys_per_task = 64;

// Adjacency that may change; the graph's arrays are rebuilt from it at the end of a round.
using Lists = std::vector<std::vector<KeyId>>;

Lists to_lists(const Graph& graph) {
  Lists lists(graph.keys());
  for (std::size_t key = 0; key < lists.size(); ++key) {
    const auto neighbors = graph.neighbors(static_cast<KeyId>(key));
    lists[key].assign(neighbors.begin(), neighbors.end());
  }
  return lists;
}

void from_lists(const Lists& lists, Graph& graph) {
  graph.edges.clear();
  for (std::size_t key = 0; key < lists.size(); ++key) {
    graph.edges.insert(graph.edges.end(), lists[key].begin(), lists[key].end());
    graph.offsets[key + 1] = static_cast<std::uint32_t>(graph.edges.size());
  }
}

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

// anchor -> head. Where the anchor is full, its weakest edge makes place and its end moves behind the head, which must
// have room for it (or for no edge at all, if it is there already).
bool hang(KeyId head, KeyId anchor, Lists& lists, std::uint32_t max_degree) {
  auto& edges = lists[anchor];
  auto& behind = lists[head];
  if (edges.size() < max_degree) {
    edges.push_back(head);
    return true;
  }
  const KeyId moved = edges.back();
  const bool known = moved == head || std::find(behind.begin(), behind.end(), moved) != behind.end();
  if (!known && behind.size() >= max_degree) return false;
  if (!known) behind.push_back(moved);
  edges.back() = head;
  return true;
}

// Hangs each head on the first of its anchors that has taken the fewest islands so far in this round, so that one
// popular anchor does not turn into a chain of displaced edges.
std::size_t hang_all(const std::vector<KeyId>& heads, const std::vector<std::vector<KeyId>>& anchors, Lists& lists,
                     std::uint32_t max_degree) {
  std::vector<std::uint32_t> taken(lists.size(), 0);
  std::size_t hung = 0;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (anchors[i].empty()) continue;
    const KeyId anchor =
        *std::min_element(anchors[i].begin(), anchors[i].end(), [&](KeyId a, KeyId b) { return taken[a] < taken[b]; });
    if (hang(heads[i], anchor, lists, max_degree)) {
      ++taken[anchor];
      ++hung;
      continue;
    }
    // The head is full as well: its own weakest edge gives way, and the next round sees to what that cut off.
    lists[heads[i]].pop_back();
    if (hang(heads[i], anchor, lists, max_degree)) ++hung;
  }
  return hung;
}

}  // namespace

std::uint64_t connect(Graph& graph, const KeyGeometry& geometry, std::uint32_t max_degree, Executor& executor) {
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
    Lists lists = to_lists(graph);
    if (hang_all(heads, anchors, lists, max_degree) == 0) return unreached;
    from_lists(lists, graph);
  }
  const auto reached = reachable_keys(graph);
  return static_cast<std::uint64_t>(std::count(reached.begin(), reached.end(), 0));
}

}  // namespace rattan
