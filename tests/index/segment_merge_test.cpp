#include "index/segment_merge.h"

#include <gtest/gtest.h>

#include <vector>

namespace rattan {
namespace {

std::size_t merged(std::size_t begin, const std::vector<std::size_t>& ends) { return merge_begin(begin, ends); }

TEST(SegmentMerge, FourOfOneSizeBecomeOne) {
  EXPECT_EQ(merged(100, {}), 100U);
  EXPECT_EQ(merged(100, {110}), 110U);
  EXPECT_EQ(merged(100, {110, 120, 130}), 130U);
  EXPECT_EQ(merged(100, {110, 120, 130, 140}), 100U);
}

TEST(SegmentMerge, LargerOnesWaitUntilAsManyKeysAreBehindThem) {
  EXPECT_EQ(merged(0, {80, 90, 100, 110}), 110U);
  EXPECT_EQ(merged(0, {80, 90, 100, 110, 120}), 80U);
  EXPECT_EQ(merged(0, {40, 50, 60, 70, 80}), 0U);
}

// However many segments come, few are left, and a key is merged seldom.
TEST(SegmentMerge, OfManySegmentsFewAreLeft) {
  std::vector<std::size_t> ends;
  std::size_t merged_keys = 0;
  constexpr std::size_t segments = 1000;
  for (std::size_t i = 1; i <= segments; ++i) {
    ends.push_back(i);
    const std::size_t begin = merged(0, ends);
    if (begin != i) {
      merged_keys += i - begin;
      while (!ends.empty() && ends.back() > begin) ends.pop_back();
      ends.push_back(i);
    }
    EXPECT_LE(ends.size(), 11U) << i;
  }
  EXPECT_LE(merged_keys, 8 * segments);
}

}  // namespace
}  // namespace rattan
