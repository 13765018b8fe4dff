#include "bench/report/html_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "bench/report/html_charts.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_row;

constexpr const char* source = "a \"dump\", of two";

ReportData small_report() {
  ReportData data;
  data.command = "rattan-bench sweep --data <here>";
  std::vector<SweepRow> rows;
  for (const std::int64_t head : {0, 1}) {
    rows.push_back(small_row("flat", head, 0.95, 250));
    rows.push_back(small_row("graph", head, 0.95, 20));
    data.points.push_back({source, "flat", 2, head, "", 1, 1, 0.25});
    for (const auto& [recall, scan] : {std::pair{0.8, 0.005}, {0.9, 0.01}, {0.97, 0.04}}) {
      data.points.push_back({source, "graph", 2, head, "", 10, recall, scan});
    }
    data.ood.push_back({source, 2, head, {8, 10, 12, 14, 20}, {9, 10, 11, 12, 13}, {1, 2, 3, 4}, {-1, -2}});
  }
  data.rows = with_aggregates(rows);
  return data;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string page_of(const ReportData& data) {
  std::ostringstream out;
  write_html(out, data);
  return out.str();
}

TEST(HtmlReport, IsSelfContained) {
  const std::string page = page_of(small_report());
  EXPECT_EQ(count(page, "<svg"), 4U);
  EXPECT_EQ(count(page, "</svg>"), 4U);
  EXPECT_EQ(count(page, "<script"), 0U);
  EXPECT_EQ(count(page, "href="), 0U);
  EXPECT_EQ(count(page, "src="), 0U);
  EXPECT_EQ(count(page, "http"), count(page, "http://www.w3.org/2000/svg")) << "only the SVG name space";
  EXPECT_EQ(count(page, "<table"), count(page, "</table>"));
}

TEST(HtmlReport, TimedRowsAndBytesAreDrawnToo) {
  ReportData data = small_report();
  for (SweepRow& row : data.rows) row.us_p50 = row.index == "flat" ? 900 : 300;
  for (CurvePoint& point : data.points) point.bytes_per_query = 1e6 * point.scan_fraction;
  const std::string page = page_of(data);
  EXPECT_EQ(count(page, "<svg"), 6U);
  EXPECT_NE(page.find("Queries per second against recall"), std::string::npos);
  EXPECT_NE(page.find("<b>graph</b> 2.00 % of keys, 3 KB, 300 us a step"), std::string::npos);
  EXPECT_NE(page.find("<b>flat</b> 100 % of keys"), std::string::npos);
  EXPECT_NE(page.find("links 1.0, project 0.5"), std::string::npos) << "build stages";
}

TEST(HtmlReport, LowRecallIsFolded) {
  ReportData data = small_report();
  EXPECT_EQ(page_of(data).find("Recall below 0.8<"), std::string::npos);
  for (SweepRow& row : data.rows) {
    if (row.index == "graph") row.recall = 0.7;
  }
  const std::string page = page_of(data);
  const std::size_t fold = page.find("<details><summary>Recall below 0.8<");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_GT(page.find("0.700"), fold);
}

// At 390 pixels the table of targets was cut behind the bytes.
TEST(HtmlReport, ANarrowPageLeavesColumnsToTheFoldedTable) {
  ReportData data = small_report();
  for (SweepRow& row : data.rows) {
    row.us_p50 = 300;
    row.us_p50_deviation = 4;
  }
  const std::string page = page_of(data);
  const std::size_t fold = page.find("<details><summary>Every column<");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_LT(page.find("<th class=\"text dispensable\">setting<"), fold);
  EXPECT_EQ(page.find("dispensable\"", fold), std::string::npos) << "which has them all";
  EXPECT_NE(page.find("300 \u00b1 4"), std::string::npos);
  EXPECT_EQ(page.find("+-"), std::string::npos);
}

TEST(HtmlReport, OneKvHeadNeedsNoHeatMap) {
  ReportData data = small_report();
  std::vector<SweepRow> rows(data.rows.begin(), data.rows.begin() + 2);
  data.rows = with_aggregates(rows);
  EXPECT_EQ(page_of(data).find("Keys read per KV head"), std::string::npos);
}

TEST(HtmlCharts, AFlatScanReadsAllKeys) {
  const std::vector<CurvePoint> points = {{"", "flat", 0, 0, "", 0, 1, 0.25, 5000}};
  EXPECT_DOUBLE_EQ(read_at_recall(points, 1), 1);
  EXPECT_DOUBLE_EQ(read_at_recall(points, 1, Reading::bytes), 5000);
}

TEST(HtmlCharts, DistancesAreExplained) {
  const auto head = [](double query) { return OodHead{"", 0, 0, {1, 1, query, 99, 99}, {8, 9, 10, 11, 12}, {}, {}}; };
  EXPECT_EQ(explain_distances({}), "");
  EXPECT_NE(explain_distances(std::vector{head(12)}).find("1.2 times"), std::string::npos);
  EXPECT_NE(explain_distances(std::vector{head(12)}).find("queries look like keys"), std::string::npos);
  EXPECT_NE(explain_distances(std::vector{head(60), head(20)}).find("2.0 to 6.0 times"), std::string::npos);
  EXPECT_NE(explain_distances(std::vector{head(60)}).find("far outside"), std::string::npos);
}

TEST(HtmlReport, TextFromOutsideIsEscaped) {
  const std::string page = page_of(small_report());
  EXPECT_NE(page.find("--data &lt;here&gt;"), std::string::npos);
  EXPECT_NE(page.find("a &quot;dump&quot;"), std::string::npos);
  EXPECT_EQ(page.find("<here>"), std::string::npos);
}

TEST(HtmlReport, NoNumberIsMissingFromADrawing) {
  for (const char* word : {"nan", "inf", "\"-\""}) EXPECT_EQ(page_of(small_report()).find(word), std::string::npos);
}

TEST(HtmlReport, RowsAloneMakeAPage) {
  ReportData data = small_report();
  data.points.clear();
  data.ood.clear();
  EXPECT_EQ(count(page_of(data), "<svg"), 1U) << "the heat map needs rows only";
}

TEST(HtmlCharts, ReadAtRecallInterpolatesOnTheFront) {
  const std::vector<CurvePoint> points = {{"", "graph", 0, 0, "", 1, 0.8, 0.01},
                                          {"", "graph", 0, 0, "", 2, 0.9, 0.04},
                                          {"", "graph", 0, 0, "", 3, 0.7, 0.02}};
  EXPECT_NEAR(read_at_recall(points, 0.85), 0.02, 1e-12);
  EXPECT_DOUBLE_EQ(read_at_recall(points, 0.9), 0.04);
  EXPECT_TRUE(std::isnan(read_at_recall(points, 0.95)));
  EXPECT_TRUE(std::isnan(read_at_recall({}, 0.5)));
}

TEST(HtmlCharts, HeatMapShowsTheTargetNearestTo95) {
  std::vector<SweepRow> rows = {small_row("graph", 0, 0.90, 10), small_row("graph", 0, 0.96, 33)};
  rows.back().reached = false;
  const std::string map = draw_heatmap(rows);
  EXPECT_NE(map.find("3.30 % *"), std::string::npos);
  EXPECT_EQ(map.find("1.00 %<"), std::string::npos);
}

TEST(HtmlCharts, VariantsOfAFamilyShareAColourAndDifferInDash) {
  EXPECT_EQ(variant_colour("graph"), variant_colour("graph:single"));
  EXPECT_NE(variant_colour("graph"), variant_colour("hnsw"));
  EXPECT_NE(variant_stroke("graph:single"), variant_stroke("graph:nostart"));
}

}  // namespace
}  // namespace rattan::bench
