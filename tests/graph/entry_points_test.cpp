#include "graph/entry_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/graph/cases.h"

namespace rattan {
namespace {

using test::KeyLists;
using test::link_table;

std::vector<KeyId> chosen(const KeyLists& lists, std::size_t keys, std::uint32_t count) {
  const NeighborTable table = link_table(lists);
  return choose_entry_points(LinkLists({&table, 1}, keys, 1), count);
}

// The key in most uncovered lists, again and again, until nothing is left to cover.
std::vector<KeyId> naive_cover(const LinkLists& lists, std::uint32_t count) {
  std::vector<bool> covered(lists.size(), false);
  std::vector<KeyId> picked;
  while (picked.size() < count) {
    std::vector<std::size_t> gain(lists.keys(), 0);
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (covered[i]) continue;
      for (const KeyId id : lists[i]) ++gain[id];
    }
    const auto best = std::max_element(gain.begin(), gain.end());
    if (best == gain.end() || *best == 0) break;
    picked.push_back(static_cast<KeyId>(best - gain.begin()));
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (std::count(lists[i].begin(), lists[i].end(), picked.back()) != 0) covered[i] = true;
    }
  }
  std::sort(picked.begin(), picked.end());
  return picked;
}

void expect_ascending_below(const std::vector<KeyId>& ids, std::size_t keys) {
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::set<KeyId>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_TRUE(ids.empty() || ids.back() < keys);
}

TEST(EntryPoints, CoverAsManyListsAsAGreedyChoiceCan) {
  // 3 stands in three lists; then 1 and 2 cover one more each, 1 being the smaller.
  EXPECT_EQ(chosen({{3, 0}, {3, 4}, {5, 3}, {2}, {1}}, 6, 1), (std::vector<KeyId>{3}));
  EXPECT_EQ(chosen({{3, 0}, {3, 4}, {5, 3}, {2}, {1}}, 6, 2), (std::vector<KeyId>{1, 3}));
  EXPECT_EQ(chosen({{3, 0}, {3, 4}, {5, 3}, {2}, {1}}, 6, 3), (std::vector<KeyId>{1, 2, 3}));
}

TEST(EntryPoints, AgreeWithTheNaiveCover) {
  for (const test::GraphCase& c : test::graph_cases(300)) {
    for (const std::uint32_t count : {1U, 2U, 7U, 64U}) {
      const LinkLists lists = c.lists();
      const std::vector<KeyId> found = choose_entry_points(lists, count);
      const std::vector<KeyId> cover = naive_cover(lists, count);
      EXPECT_EQ(found.size(), count) << c.name;
      expect_ascending_below(found, 300);
      EXPECT_TRUE(std::includes(found.begin(), found.end(), cover.begin(), cover.end())) << c.name << ", " << count;
    }
  }
}

TEST(EntryPoints, EvenlySpacedKeysFillUp) {
  EXPECT_EQ(chosen({}, 100, 4), (std::vector<KeyId>{0, 25, 50, 75}));
  EXPECT_EQ(chosen({{7}}, 100, 3), (std::vector<KeyId>{0, 7, 33}));
}

TEST(EntryPoints, EvenSpacingSkipsWhatIsChosen) {
  EXPECT_EQ(chosen({{0, 25}, {25}}, 100, 4), (std::vector<KeyId>{0, 25, 50, 75}));
  EXPECT_EQ(chosen({{0}, {33}, {66}}, 100, 3), (std::vector<KeyId>{0, 33, 66}));
}

TEST(EntryPoints, MoreThanTheKeysAreAllKeys) {
  const std::vector<KeyId> all = {0, 1, 2, 3, 4};
  EXPECT_EQ(chosen({}, 5, 64), all);
  EXPECT_EQ(chosen({{4, 3}}, 5, 64), all);
  EXPECT_EQ(chosen({{4, 3}, {2}}, 5, 5), all);
  EXPECT_EQ(chosen({}, 1, 64), (std::vector<KeyId>{0}));
}

TEST(EntryPoints, NoKeysOrNoneWantedGiveNone) {
  EXPECT_EQ(choose_entry_points(LinkLists({}, 0, 1), 64), std::vector<KeyId>{});
  EXPECT_EQ(chosen({{1}}, 2, 0), std::vector<KeyId>{});
}

// Every count from 1 to the number of keys ends, with that many keys, whatever the cover took.
TEST(EntryPoints, AnyCountIsMet) {
  const KeyLists lists = test::random_lists(9, 3, 40, 5);
  for (std::uint32_t count = 1; count <= 45; ++count) {
    const std::vector<KeyId> found = chosen(lists, 40, count);
    EXPECT_EQ(found.size(), std::min(count, 40U));
    expect_ascending_below(found, 40);
  }
}

TEST(EntryPoints, ManyListsAreCoveredThroughTheirMostCommonKeys) {
  KeyLists lists = test::random_lists(40000, 2, 400, 6);
  for (std::size_t i = 0; i < lists.size(); i += 2) lists[i] = {401, 402};
  for (std::size_t i = 1; i < lists.size(); i += 8) lists[i] = {403};
  const std::vector<KeyId> found = chosen(lists, 404, 2);
  EXPECT_EQ(found, (std::vector<KeyId>{401, 403}));
}

}  // namespace
}  // namespace rattan
