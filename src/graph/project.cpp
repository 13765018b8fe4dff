#include "graph/project.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/parallel.h"

namespace rattan {
namespace {

// Lists per snapshot: 1/32 of all. More, smaller batches gave the same graph quality (measured: 256 against 32 batches,
// 2.96 % against 2.90 % of the keys read), fewer would join many lists that one edge could serve.
constexpr std::size_t batches = 32;
constexpr std::size_t lists_per_task = 64;

// Passes over all lists behind the batches, while they still add edges: an edge that found both its ends filled up
// meanwhile leaves its list apart.
constexpr std::size_t max_repairs = 8;

// A key with a full table counts as this many times farther, so that edges land where there is room. Two full keys
// cannot be joined at all.
constexpr float full_penalty = 4.0F;

// One proposed edge, smaller id in the high half: sorting groups equal proposals.
std::uint64_t pack(KeyId a, KeyId b) noexcept { return (std::uint64_t{std::min(a, b)} << 32) | std::max(a, b); }

constexpr std::uint32_t absent = std::numeric_limits<std::uint32_t>::max();

// Joins the components of one list at a time; the buffers are reused by all lists of a worker.
class ListJoiner {
 public:
  ListJoiner(const KeyGeometry& geometry, const EdgeTable& edges)
      : geometry_(geometry), edges_(edges), position_(edges.keys(), absent) {}

  // Returns whether the list is one component already. It stays one: edges are only ever added.
  bool propose(std::span<const KeyId> list, std::vector<std::uint64_t>& proposals) {
    list_ = list;
    for (std::uint32_t i = 0; i < list.size(); ++i) position_[list[i]] = i;
    const std::uint32_t components = find_components();
    if (components > 1) grow_from_largest(components, proposals);
    for (const KeyId id : list) position_[id] = absent;
    return components <= 1;
  }

 private:
  std::uint32_t root(std::uint32_t i) noexcept {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  std::uint32_t find_components() {
    parent_.resize(list_.size());
    std::iota(parent_.begin(), parent_.end(), 0U);
    auto components = static_cast<std::uint32_t>(list_.size());
    for (std::uint32_t i = 0; i < list_.size(); ++i) {
      for (const KeyId neighbor : edges_[list_[i]]) {
        if (position_[neighbor] == absent) continue;
        const std::uint32_t a = root(i);
        const std::uint32_t b = root(position_[neighbor]);
        if (a == b) continue;
        parent_[std::max(a, b)] = std::min(a, b);
        if (--components == 1) return 1;
      }
    }
    for (std::uint32_t i = 0; i < list_.size(); ++i) parent_[i] = root(i);
    return components;
  }

  std::uint32_t largest_component() {
    sizes_.assign(list_.size(), 0);
    for (const std::uint32_t component : parent_) ++sizes_[component];
    return static_cast<std::uint32_t>(std::max_element(sizes_.begin(), sizes_.end()) - sizes_.begin());
  }

  // Prim's algorithm over components: outside members remember their nearest inside member.
  void grow_from_largest(std::uint32_t components, std::vector<std::uint64_t>& proposals) {
    inside_.clear();
    outside_.clear();
    const std::uint32_t largest = largest_component();
    for (std::uint32_t i = 0; i < list_.size(); ++i) (parent_[i] == largest ? inside_ : outside_).push_back(i);
    distance_.assign(list_.size(), std::numeric_limits<float>::infinity());
    nearest_.assign(list_.size(), absent);
    for (std::uint32_t joined = 1; joined < components; ++joined) {
      for (const std::uint32_t i : inside_) relax(i);
      const std::uint32_t next = *std::min_element(outside_.begin(), outside_.end(), [&](auto a, auto b) {
        return distance_[a] < distance_[b] || (distance_[a] == distance_[b] && a < b);
      });
      if (nearest_[next] == absent) return;
      proposals.push_back(pack(list_[nearest_[next]], list_[next]));
      take_component(parent_[next]);
    }
  }

  // Members of `inside_` are those that joined last: the others were relaxed before.
  void take_component(std::uint32_t component) {
    inside_.clear();
    std::erase_if(outside_, [&](std::uint32_t i) {
      if (parent_[i] != component) return false;
      inside_.push_back(i);
      return true;
    });
  }

  void relax(std::uint32_t from) {
    targets_.clear();
    for (const std::uint32_t i : outside_) targets_.push_back(list_[i]);
    similarity_.resize(targets_.size());
    geometry_.similarity(list_[from], targets_, rows_, similarity_.data());
    const bool from_full = edges_.full(list_[from]);
    for (std::size_t j = 0; j < outside_.size(); ++j) {
      const bool to_full = edges_.full(targets_[j]);
      if (from_full && to_full) continue;
      const float distance = std::max(0.0F, 1.0F - similarity_[j]) * (from_full || to_full ? full_penalty : 1.0F);
      if (distance < distance_[outside_[j]]) {
        distance_[outside_[j]] = distance;
        nearest_[outside_[j]] = from;
      }
    }
  }

  const KeyGeometry& geometry_;
  const EdgeTable& edges_;
  std::vector<std::uint32_t> position_;  // by key: its place in list_, or absent
  std::span<const KeyId> list_;
  std::vector<std::uint32_t> parent_;
  std::vector<std::uint32_t> sizes_;
  std::vector<std::uint32_t> inside_;
  std::vector<std::uint32_t> outside_;
  std::vector<float> distance_;
  std::vector<std::uint32_t> nearest_;
  std::vector<KeyId> targets_;
  std::vector<const void*> rows_;
  std::vector<float> similarity_;
};

// The edges that most lists ask for come first, so that they find room. Returns how many were added, each way counted.
std::size_t commit(std::vector<std::uint64_t>& proposals, EdgeTable& edges) {
  std::sort(proposals.begin(), proposals.end());
  std::vector<std::pair<std::uint32_t, std::uint64_t>> wanted;  // (how many lists, edge)
  for (const std::uint64_t edge : proposals) {
    if (wanted.empty() || wanted.back().second != edge) wanted.emplace_back(0, edge);
    ++wanted.back().first;
  }
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) {
    return a.first > b.first || (a.first == b.first && a.second < b.second);
  });
  std::size_t added = 0;
  for (const auto& [lists, edge] : wanted) {
    const auto a = static_cast<KeyId>(edge >> 32);
    const auto b = static_cast<KeyId>(edge);
    added += edges.add(a, b) ? 1U : 0U;
    added += edges.add(b, a) ? 1U : 0U;
  }
  return added;
}

// Joins the parts of lists [first, end) over a snapshot of the edges; returns how many edges that added. Lists found
// to be one component are marked in `joined` and passed over.
std::size_t join_lists(const LinkLists& lists, std::size_t first, std::size_t end, std::vector<ListJoiner>& joiners,
                       Executor& executor, EdgeTable& edges, std::vector<std::uint8_t>& joined) {
  std::vector<std::vector<std::uint64_t>> by_task((end - first + lists_per_task - 1) / lists_per_task);
  parallel_blocks(executor, end - first, lists_per_task, [&](std::size_t from, std::size_t to, unsigned worker) {
    auto& proposals = by_task[from / lists_per_task];
    for (std::size_t i = first + from; i < first + to; ++i) {
      if (joined[i] == 0) joined[i] = joiners[worker].propose(lists[i], proposals) ? 1 : 0;
    }
  });
  std::vector<std::uint64_t> proposals;
  for (const auto& task : by_task) proposals.insert(proposals.end(), task.begin(), task.end());
  return commit(proposals, edges);
}

}  // namespace

void project(const LinkLists& lists, const KeyGeometry& geometry, Executor& executor, EdgeTable& edges) {
  std::vector<ListJoiner> joiners(executor.workers(), ListJoiner(geometry, edges));
  std::vector<std::uint8_t> joined(lists.size(), 0);  // a byte each: workers write neighbouring ones
  for (std::size_t batch = 0; batch < batches; ++batch) {
    join_lists(lists, lists.size() * batch / batches, lists.size() * (batch + 1) / batches, joiners, executor, edges,
               joined);
  }
  for (std::size_t repair = 0; repair < max_repairs; ++repair) {
    if (join_lists(lists, 0, lists.size(), joiners, executor, edges, joined) == 0) break;
  }
}

}  // namespace rattan
