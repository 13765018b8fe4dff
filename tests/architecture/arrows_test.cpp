// No cycle between rooms, and at most one arrow against the order of the files within a room. Both are read off the
// includes alone: layers_test.cpp says which order is meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_inner_arrows = 1;
constexpr std::size_t most_entangled = 8;  // nodes whose orders are all tried

using Arrows = std::map<std::string, std::set<std::string>>;  // who includes whom

// "src/graph", "bench/measure", "tools/engine", "datasets".
std::string room_of(const std::string& path) {
  const std::size_t first = path.find('/');
  const std::string top = path.substr(0, first);
  if (top == "datasets" || top == "cuda") return top;
  return path.substr(0, path.find_first_of("/.", first + 1));
}

// A header and what implements it: "src/graph/walk".
std::string unit_of(const std::string& path) { return path.substr(0, path.rfind('.')); }

bool has_arrow_to(const Arrows& arrows, const std::string& node) {
  return std::ranges::any_of(arrows, [&](const auto& from) { return from.second.contains(node); });
}

// The arrows without nodes that nothing points to or that point to nothing: the others lie in or between cycles.
Arrows entangled(Arrows arrows) {
  for (bool removed = true; removed;) {
    removed = false;
    for (auto node = arrows.begin(); node != arrows.end(); ++node) {
      std::erase_if(node->second, [&](const std::string& to) { return !arrows.contains(to); });
      if (!node->second.empty() && has_arrow_to(arrows, node->first)) continue;
      arrows.erase(node);
      removed = true;
      break;
    }
  }
  return arrows;
}

// How many arrows point against the best order of the nodes: 0 where there is no cycle.
std::size_t upward_arrows(const Arrows& all) {
  const Arrows arrows = entangled(all);
  std::vector<std::string> order;
  for (const auto& [node, targets] : arrows) order.push_back(node);
  if (order.size() > most_entangled) return order.size();
  std::size_t least = order.empty() ? 0 : order.size() * order.size();
  do {
    std::size_t upward = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) upward += arrows.at(order[j]).contains(order[i]) ? 1 : 0;
    }
    least = std::min(least, upward);
  } while (std::ranges::next_permutation(order).found);
  return least;
}

std::string text_of(const Arrows& arrows) {
  std::string text;
  for (const auto& [from, targets] : entangled(arrows)) {
    for (const std::string& to : targets) text += "\n  " + from + " includes " + to;
  }
  return text;
}

bool has_rooms(const SourceFile& file) {
  return file.is_cpp() && std::ranges::any_of(std::vector<std::string>{"src", "datasets", "cuda", "bench", "tools"},
                                              [&](const std::string& top) { return file.in(top); });
}

template <typename Visit>
void each_arrow(const Visit& visit) {
  for (const SourceFile& file : source_tree()) {
    if (!has_rooms(file)) continue;
    for (const Include& include : file.includes) {
      const std::string target = included_path(file, include);
      if (!target.empty() && !target.starts_with("include/")) visit(file.path, target);
    }
  }
}

TEST(Arrows, RoomsMakeNoCycle) {
  Arrows rooms;
  each_arrow([&](const std::string& from, const std::string& to) {
    if (room_of(from) != room_of(to)) rooms[room_of(from)].insert(room_of(to));
  });
  EXPECT_TRUE(rooms.contains("src/graph") && rooms.contains("bench/cli")) << "rooms are found";
  EXPECT_EQ(upward_arrows(rooms), 0U) << text_of(rooms);
}

TEST(Arrows, WithinARoomAtMostOnePointsUpward) {
  std::map<std::string, Arrows> rooms;
  each_arrow([&](const std::string& from, const std::string& to) {
    if (room_of(from) == room_of(to) && unit_of(from) != unit_of(to)) {
      rooms[room_of(from)][unit_of(from)].insert(unit_of(to));
    }
  });
  for (const auto& [room, arrows] : rooms) {
    EXPECT_LE(upward_arrows(arrows), most_inner_arrows) << room << text_of(arrows);
  }
}

TEST(Arrows, CyclesWouldBeSeen) {
  EXPECT_EQ(upward_arrows({{"a", {"b", "c"}}, {"b", {"c"}}}), 0U);
  EXPECT_EQ(upward_arrows({{"a", {"b"}}, {"b", {"c"}}, {"c", {"a", "d"}}}), 1U);
  EXPECT_EQ(upward_arrows({{"a", {"b"}}, {"b", {"a"}}, {"c", {"d"}}, {"d", {"c"}}}), 2U);
  EXPECT_EQ(room_of("bench/measure/sweep.h"), "bench/measure");
  EXPECT_EQ(room_of("src/index/baselines/ivf.h"), "src/index");
  EXPECT_EQ(room_of("datasets/npy.h"), "datasets");
}

}  // namespace
}  // namespace rattan::test
