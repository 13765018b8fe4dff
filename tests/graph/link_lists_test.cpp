#include "graph/link_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/graph/cases.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using test::expect_error;
using test::KeyLists;
using test::link_table;

KeyLists content(const LinkLists& lists) {
  KeyLists result;
  for (std::size_t i = 0; i < lists.size(); ++i) result.emplace_back(lists[i].begin(), lists[i].end());
  return result;
}

KeyLists sorted(KeyLists lists) {
  std::sort(lists.begin(), lists.end());
  return lists;
}

TEST(LinkLists, HoldTheRowsOfAllTablesBestFirst) {
  const NeighborTable tables[] = {link_table({{3, 1, 2}, {0}, {4, 0}}), link_table({{2, 1}, {2, 1}})};
  const LinkLists lists(tables, 5, 1);
  EXPECT_EQ(lists.size(), 5U);
  EXPECT_EQ(lists.keys(), 5U);
  EXPECT_EQ(lists.longest(), 3U);
  EXPECT_EQ(sorted(content(lists)), sorted({{3, 1, 2}, {0}, {4, 0}, {2, 1}, {2, 1}}));
}

TEST(LinkLists, EmptyRowsAreLeftOut) {
  const NeighborTable tables[] = {link_table({{}, {1, 0}, {}}), NeighborTable(3, 4), NeighborTable(0, 4),
                                  NeighborTable(2, 0)};
  EXPECT_EQ(content(LinkLists(tables, 2, 1)), (KeyLists{{1, 0}}));
}

TEST(LinkLists, ARowEndsAtItsFirstFiller) {
  NeighborTable table = link_table({{2, 1, 0}});
  table.ids(0)[1] = no_key;
  EXPECT_EQ(content(LinkLists({&table, 1}, 3, 1)), (KeyLists{{2}}));
}

TEST(LinkLists, NothingGivesNoLists) {
  EXPECT_EQ(LinkLists({}, 5, 1).size(), 0U);
  EXPECT_EQ(LinkLists({}, 0, 1).size(), 0U);
  EXPECT_EQ(LinkLists({}, 0, 1).longest(), 0U);
}

TEST(LinkLists, TheSeedAloneDecidesTheOrder) {
  const NeighborTable table = link_table(test::random_lists(200, 3, 50, 1));
  const LinkLists lists({&table, 1}, 50, 7);
  EXPECT_EQ(content(lists), content(LinkLists({&table, 1}, 50, 7)));
  EXPECT_NE(content(lists), content(LinkLists({&table, 1}, 50, 8)));
  EXPECT_EQ(sorted(content(lists)), sorted(content(LinkLists({&table, 1}, 50, 8))));
}

// Row r of table t is {1000 t + r}: any leading part holds early and late rows of both heads alike.
TEST(LinkLists, AnyLeadingPartIsAnEvenSample) {
  KeyLists first, second;
  for (KeyId row = 0; row < 1000; ++row) {
    first.push_back({row});
    second.push_back({1000 + row});
  }
  const NeighborTable tables[] = {link_table(first), link_table(second)};
  const LinkLists lists(tables, 2000, 3);
  for (const std::size_t part : {200U, 500U, 1000U}) {
    std::size_t quarters[4] = {};
    for (std::size_t i = 0; i < part; ++i) ++quarters[lists[i][0] / 500];
    for (const std::size_t count : quarters) {
      EXPECT_GT(count, part / 6) << part;
      EXPECT_LT(count, part / 3) << part;
    }
  }
}

TEST(LinkLists, AnIdBeyondTheKeysIsNamed) {
  const NeighborTable tables[] = {link_table({{0, 1}}), link_table({{0, 1}, {1, 5}})};
  expect_error(ErrorCode::invalid_argument, "links table 1 row 1 holds key 5", [&] { LinkLists(tables, 5, 1); });
  expect_error(ErrorCode::invalid_argument, "below 0", [&] { LinkLists(tables, 0, 1); });
}

TEST(LinkLists, AScoreThatIsNanIsNamed) {  // defect: it was linked as any other
  NeighborTable table = link_table({{3, 1}, {0, 2}});
  table.scores(1)[1] = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorCode::invalid_argument, "links table 0 row 1 holds a score that is NaN", [&] {
    LinkLists({&table, 1}, 5, 1);
  });
}

TEST(LinkLists, AnIdTwiceInARowIsNamed) {
  const NeighborTable table = link_table({{0, 1}, {4, 2, 4}});
  expect_error(ErrorCode::invalid_argument, "links table 0 row 1 holds key 4 twice", [&] {
    LinkLists({&table, 1}, 5, 1);
  });
}

}  // namespace
}  // namespace rattan
