#include "index/widths.h"

#include <gtest/gtest.h>

namespace rattan {
namespace {

TEST(Widths, FollowKUnlessTheSearchBringsItsOwn) {
  SearchParams params;
  params.k = 100;
  EXPECT_EQ(beam_width_of(params), 250U);
  EXPECT_EQ(walk_rerank_of(params), 250U);
  EXPECT_EQ(scan_rerank_of(params), 320U);
  params.k = 1;
  EXPECT_EQ(beam_width_of(params), 32U);
  params.k = 100;
  params.beam_width = 120;
  EXPECT_EQ(beam_width_of(params), 120U);
  EXPECT_EQ(walk_rerank_of(params), 150U);
  params.rerank = 40;
  EXPECT_EQ(walk_rerank_of(params), 40U);
  EXPECT_EQ(scan_rerank_of(params), 100U);
}

TEST(Widths, BeamsAreWiderBehindSegmentsByHalfAtMost) {
  EXPECT_EQ(widened_beam(200, 0), 200U);
  EXPECT_EQ(widened_beam(200, 512), 233U);
  EXPECT_EQ(widened_beam(200, 1536), 300U);
  EXPECT_EQ(widened_beam(200, 1U << 20), 300U);
  EXPECT_EQ(widest_beam(200), 300U);
  EXPECT_EQ(widest_beam(~0U), ~0U);
}

}  // namespace
}  // namespace rattan
