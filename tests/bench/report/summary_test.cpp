#include "bench/report/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_row;

constexpr const char* source = "a \"dump\", of two";

std::vector<SweepRow> two_heads() {
  return with_aggregates(
      {small_row("flat", 0, 0.95, 250), small_row("ivf", 0, 0.95, 100), small_row("hnsw", 0, 0.95, 80),
       small_row("ivf:group", 0, 0.95, 4), small_row("graph", 0, 0.95, 20), small_row("flat", 1, 0.95, 250),
       small_row("ivf", 1, 0.95, 100), small_row("hnsw", 1, 0.95, 200), small_row("graph", 1, 0.95, 64)});
}

TEST(Summary, KeysAreComparedWithTheBetterBaselineOfEachHead) {
  const std::vector<SweepRow> rows = two_heads();
  const Ratio ratio = keys_beside_baselines(rows, source, "graph", 0.95);
  EXPECT_EQ(ratio.heads, 2U);
  EXPECT_EQ(ratio.total, 2U);
  EXPECT_NEAR(ratio.geomean, std::sqrt(0.25 * 0.64), 1e-12);
  EXPECT_DOUBLE_EQ(ratio.least, 0.25);
  EXPECT_DOUBLE_EQ(ratio.most, 0.64);
}

TEST(Summary, BaselinesThatDoNotReachAreNoYardstick) {
  std::vector<SweepRow> rows = two_heads();
  for (SweepRow& row : rows) {
    if (row.index == "hnsw" || (row.index == "ivf" && row.kv_head == 1)) row.reached = false;
  }
  const Ratio ratio = keys_beside_baselines(rows, source, "graph", 0.95);
  EXPECT_EQ(ratio.heads, 1U);
  EXPECT_EQ(ratio.total, 2U);
  EXPECT_DOUBLE_EQ(ratio.geomean, 0.2);
}

TEST(Summary, SpeedIsFlatOverIndex) {
  std::vector<SweepRow> rows = two_heads();
  EXPECT_EQ(speed_beside_flat(rows, source, "graph", 0.95).heads, 0U) << "nothing was timed";
  for (SweepRow& row : rows) row.us_p50 = row.index == "flat" ? 900 : 300;
  EXPECT_DOUBLE_EQ(speed_beside_flat(rows, source, "graph", 0.95).geomean, 3);
}

TEST(Summary, BytesStandBesideKeysInEveryTable) {
  std::vector<SweepRow> rows = two_heads();
  for (SweepRow& row : rows) {
    row.us_p50 = row.index == "flat" ? 900 : 300;
    if (row.index == "graph") row.bytes_per_query *= 2;  // its codes
  }
  EXPECT_NEAR(bytes_beside_baselines(rows, source, "graph", 0.95).geomean, 2 * 0.4, 1e-12);
  EXPECT_DOUBLE_EQ(fewer_bytes_than_flat(rows, source, "graph", 0.95).most, 250.0 / 40);
  const std::vector<std::vector<Record>> tables = summary_tables(rows, source);
  ASSERT_EQ(tables.size(), 2U) << "speed first, then what is read";
  const auto named = [](const std::vector<Record>& table, const std::string& name) {
    return std::ranges::any_of(table, [&](const Record& record) { return record.front().show.given == name; });
  };
  EXPECT_TRUE(named(tables[0], "graph") && named(tables[0], "graph, times fewer bytes"));
  EXPECT_TRUE(named(tables[1], "graph, keys") && named(tables[1], "graph, bytes"));
}

TEST(Summary, TablesNameTheHeadsThatCount) {
  std::vector<SweepRow> rows = two_heads();
  const std::vector<std::vector<Record>> tables = summary_tables(rows, source);
  ASSERT_EQ(tables.size(), 1U) << "nothing was timed, so only keys are compared";
  const Record& graph = tables.front().back();
  EXPECT_EQ(find_field(graph, "index")->value, Value("graph"));
  EXPECT_EQ(find_field(graph, "recall 0.95")->value, Value("0.40 (0.25 to 0.64)"));
  EXPECT_EQ(graph.size(), 2U);
}

TEST(Summary, NoBaselineNoTable) {
  EXPECT_TRUE(summary_tables(std::vector<SweepRow>{small_row("graph", 0, 0.9, 5)}, source).empty());
}

}  // namespace
}  // namespace rattan::bench
