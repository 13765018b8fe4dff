#include "core/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "core/random.h"

namespace rattan {
namespace {

// Few distinct scores, so that ties abound.
std::vector<Neighbor> many_ties(std::size_t count, std::uint64_t seed) {
  std::vector<Neighbor> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({static_cast<float>(random_below(seed, i, 20)), static_cast<KeyId>(i)});
  }
  return all;
}

std::vector<Neighbor> select(const std::vector<Neighbor>& all, std::size_t k) {
  TopK top(k);
  for (const Neighbor& neighbor : all) top.push(neighbor.score, neighbor.id);
  const auto sorted = top.sorted();
  return {sorted.begin(), sorted.end()};
}

TEST(Better, IsATotalOrder) {
  EXPECT_TRUE(better({2, 9}, {1, 0}));
  EXPECT_TRUE(better({1, 0}, {1, 1}));
  EXPECT_FALSE(better({1, 1}, {1, 1}));
  EXPECT_FALSE(better({1, 1}, {1, 0}));
}

TEST(TopK, IsTheHeadOfASortForAnyK) {
  const std::vector<Neighbor> all = many_ties(500, 1);
  std::vector<Neighbor> sorted = all;
  std::sort(sorted.begin(), sorted.end(), better);
  for (const std::size_t k : {0UL, 1UL, 2UL, 7UL, 100UL, 499UL, 500UL, 900UL}) {
    const std::vector<Neighbor> expected(sorted.begin(),
                                         sorted.begin() + static_cast<std::ptrdiff_t>(std::min(k, sorted.size())));
    EXPECT_EQ(select(all, k), expected) << "k " << k;
  }
}

// FAULTS D14: ties never depend on the order of insertion.
TEST(TopK, DoesNotDependOnTheOrderOfInsertion) {
  std::vector<Neighbor> all = many_ties(300, 2);
  const std::vector<Neighbor> expected = select(all, 25);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(select(all, 25), expected);
  std::sort(all.begin(), all.end(), better);
  EXPECT_EQ(select(all, 25), expected);
}

TEST(TopK, TheThresholdNeverHidesASurvivor) {
  const std::vector<Neighbor> all = many_ties(1000, 3);
  TopK filtered(10);
  for (const Neighbor& neighbor : all) {
    if (neighbor.score >= filtered.threshold()) filtered.push(neighbor.score, neighbor.id);
  }
  const auto sorted = filtered.sorted();
  EXPECT_EQ(std::vector<Neighbor>(sorted.begin(), sorted.end()), select(all, 10));
  EXPECT_LE(filtered.threshold(), sorted.back().score);
}

TEST(TopK, SortedMayBeFollowedByPushes) {
  TopK top(2);
  top.push(1.0F, 0);
  EXPECT_EQ(top.sorted().size(), 1U);
  top.push(3.0F, 1);
  top.push(2.0F, 2);
  top.push(-std::numeric_limits<float>::infinity(), 3);
  const auto sorted = top.sorted();
  ASSERT_EQ(sorted.size(), 2U);
  EXPECT_EQ(sorted[0], (Neighbor{3.0F, 1}));
  EXPECT_EQ(sorted[1], (Neighbor{2.0F, 2}));
  top.reset(1);
  EXPECT_TRUE(top.sorted().empty());
}

TEST(WriteRow, FillsTheRest) {
  const std::vector<Neighbor> found = {{2.0F, 5}, {1.0F, 6}};
  std::vector<KeyId> ids(3, 0);
  std::vector<float> scores(3, 0.0F);
  write_row(found, ids, scores);
  EXPECT_EQ(ids, (std::vector<KeyId>{5, 6, no_key}));
  EXPECT_EQ(scores, (std::vector<float>{2.0F, 1.0F, -std::numeric_limits<float>::infinity()}));
  std::vector<KeyId> one(1);
  std::vector<float> score(1);
  write_row(found, one, score);
  EXPECT_EQ(one[0], 5U);
}

}  // namespace
}  // namespace rattan
