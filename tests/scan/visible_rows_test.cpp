#include "scan/visible_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace rattan {
namespace {

using Counts = AlignedVector<KeyId>;
using Order = AlignedVector<std::size_t>;

TEST(VisibleRows, WithoutPositionsEveryRowSeesTheRange) {
  const VisibleRows rows = visible_rows({.range = {10, 25}, .positions = {}}, 3, 100);
  EXPECT_EQ(rows.begin, 10U);
  EXPECT_EQ(rows.counts, (Counts{15, 15, 15}));
  EXPECT_EQ(rows.order, (Order{0, 1, 2}));
}

TEST(VisibleRows, RangeIsCutToTheKeys) {
  EXPECT_EQ(visible_rows({}, 1, 7).counts, Counts{7});
  EXPECT_EQ(visible_rows({.range = {5, 100}, .positions = {}}, 1, 7).counts, Counts{2});
  EXPECT_EQ(visible_rows({.range = {9, 100}, .positions = {}}, 1, 7).counts, Counts{0});
  EXPECT_EQ(visible_rows({.range = {5, 3}, .positions = {}}, 1, 7).counts, Counts{0});
  EXPECT_EQ(visible_rows({}, 1, 0).counts, Counts{0});
}

// Key id is seen iff id + recent <= position: the last seen id is position - recent.
TEST(VisibleRows, CausalEdges) {
  const std::int64_t positions[] = {-1, 0, 3, 4, 5, 6, 19, 22, 23, 24, 1000};
  const VisibleRows rows = visible_rows({.range = {2, 18}, .positions = positions, .recent = 4}, 11, 20);
  EXPECT_EQ(rows.begin, 2U);
  EXPECT_EQ(rows.counts, (Counts{0, 0, 0, 0, 0, 1, 14, 16, 16, 16, 16}));
}

TEST(VisibleRows, ExtremePositionsDoNotOverflow) {
  const std::int64_t positions[] = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  const Visibility visible{.range = {}, .positions = positions, .recent = std::numeric_limits<std::uint32_t>::max()};
  EXPECT_EQ(visible_rows(visible, 2, 50).counts, (Counts{0, 50}));
}

TEST(VisibleRows, OrderPutsRowsThatSeeMostFirst) {
  const std::int64_t positions[] = {4, 9, 4, 100, 0, 9};
  EXPECT_EQ(visible_rows({.range = {}, .positions = positions}, 6, 50).order, (Order{3, 1, 5, 0, 2, 4}));
}

// Rising positions are merged, others are sorted; both give one order, for any number of threads.
TEST(VisibleRows, OrderOfManyRowsIsStable) {
  const auto executor = make_openmp_executor(3);
  for (const std::int64_t heads : {1, 4, 100}) {
    for (const std::int64_t repeats : {1, 3}) {
      std::vector<std::int64_t> positions;
      for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t i = 0; i < 20000; ++i) positions.push_back(i / repeats - 20 + head % 3);
      }
      const VisibleRows rows =
          visible_rows({.range = {5, 15000}, .positions = positions}, positions.size(), 18000, *executor);
      Order sorted = rows.order;
      std::sort(sorted.begin(), sorted.end());
      for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], i);
      for (std::size_t i = 1; i < rows.order.size(); ++i) {
        const KeyId before = rows.counts[rows.order[i - 1]];
        const KeyId count = rows.counts[rows.order[i]];
        ASSERT_TRUE(before > count || (before == count && rows.order[i - 1] < rows.order[i])) << heads << " " << i;
      }
    }
  }
}

TEST(VisibleRows, RefusesPositionsThatAreNotOnePerRow) {
  const std::int64_t positions[] = {1, 2, 3};
  test::expect_error(ErrorCode::invalid_argument, "positions has 3",
                     [&] { (void)visible_rows({.range = {}, .positions = positions}, 4, 50); });
}

}  // namespace
}  // namespace rattan
