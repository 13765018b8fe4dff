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

TEST(Widths, AWalkAmongFewCandidatesIsWiderAndAScanInTheEnd) {
  EXPECT_TRUE(scan_beats_walk(0, 20000, 32));
  EXPECT_TRUE(scan_beats_walk(50, 20000, 32));
  EXPECT_TRUE(scan_beats_walk(3000, 20000, 32));
  EXPECT_FALSE(scan_beats_walk(5000, 20000, 32));
  EXPECT_FALSE(scan_beats_walk(400, 400, 32));  // as asked, where no key is left out
  EXPECT_TRUE(scan_beats_walk(400, 400, 400));
  EXPECT_TRUE(scan_beats_walk(no_key - 1, no_key, ~0U));
  EXPECT_EQ(beam_among(200, 20000, 20000), 200U);
  EXPECT_EQ(beam_among(200, 5000, 20000), 800U);
  EXPECT_EQ(beam_among(200, 0, 20000), 200U);
  EXPECT_EQ(beam_among(~0U, 1, 20000), ~0U);
}

}  // namespace
}  // namespace rattan
