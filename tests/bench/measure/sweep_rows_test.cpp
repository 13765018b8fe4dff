#include "bench/measure/sweep_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_row;

TEST(SweepRows, AggregateTakesMeansAndTheWorstHead) {
  SweepRow good = small_row("graph", 0, 0.95, 10);
  SweepRow bad = small_row("graph", 1, 0.95, 40);
  bad.reached = false;
  bad.recall = 0.90;
  bad.build_stages = {{"links", 3.0}, {"project", 0.5}};
  const std::vector<SweepRow> rows = {good, bad};
  const SweepRow all = aggregate(rows);
  EXPECT_EQ(all.scope, "all");
  EXPECT_FALSE(all.layer);
  EXPECT_FALSE(all.kv_head);
  EXPECT_DOUBLE_EQ(all.recall, 0.93);
  EXPECT_DOUBLE_EQ(all.recall_worst_head, 0.90);
  EXPECT_DOUBLE_EQ(all.scan_fraction, 0.025);
  EXPECT_DOUBLE_EQ(all.scan_geomean, 0.02);
  EXPECT_DOUBLE_EQ(all.scan_worst_head, 0.04);
  EXPECT_FALSE(all.reached);
  EXPECT_EQ(all.heads_reached, 1U);
  EXPECT_EQ(all.heads_total, 2U);
  EXPECT_EQ(all.setting, "1 of 2 KV heads reach it");
  EXPECT_DOUBLE_EQ(all.build_stages[0].second, 2.0);
  EXPECT_TRUE(std::isnan(all.mass)) << "what no head measured stays missing";
}

TEST(SweepRows, AggregatesStandBehindTheHeadRowsPerIndexAndTarget) {
  const std::vector<SweepRow> rows =
      with_aggregates({small_row("flat", 0, 0.9, 100), small_row("graph", 0, 0.9, 5), small_row("graph", 0, 0.95, 8),
                       small_row("flat", 1, 0.9, 100), small_row("graph", 1, 0.9, 7), small_row("graph", 1, 0.95, 9)});
  ASSERT_EQ(rows.size(), 9U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(rows[i].scope, "head");
  EXPECT_EQ(rows[6].index, "flat");
  EXPECT_EQ(rows[7].index, "graph");
  EXPECT_DOUBLE_EQ(rows[7].target, 0.9);
  EXPECT_DOUBLE_EQ(rows[7].keys_per_query, 6);
  EXPECT_DOUBLE_EQ(rows[8].target, 0.95);
}

}  // namespace
}  // namespace rattan::bench
