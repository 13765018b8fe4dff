#include "bench/report/plot.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(Plot, PointsLieOnThePaperAndHigherValuesHigherUp) {
  Svg svg(paper_width, paper_height, "chart");
  const Plot plot(svg, {1, 100, true}, {0, 1}, "class=\"grid\"");
  const auto [x, y] = plot.at(10, 0.5);
  EXPECT_DOUBLE_EQ(x, (plot.x().at(1) + plot.x().at(100)) / 2);
  EXPECT_DOUBLE_EQ(y, (plot.y().at(0) + plot.y().at(1)) / 2);
  EXPECT_LT(plot.y().at(1), plot.y().at(0));
  EXPECT_GT(plot.x().at(1), 0);
  EXPECT_LT(plot.x().at(100), paper_width);
}

TEST(Plot, AxesAndLegendAreNamed) {
  Svg svg(paper_width, paper_height, "chart");
  Plot plot(svg, {0, 2}, {0, 1}, "class=\"grid\"");
  plot.draw_axes({{1, "one"}}, "keys", {{0.5, "half"}}, "recall");
  plot.draw_legend_heading("index", "figure");
  plot.draw_legend_entry("stroke=\"red\"", "flat", "7");
  plot.draw_legend_entry("stroke=\"blue\"", "graph", "9");
  const std::string text = svg.str();
  for (const char* part :
       {">one<", ">keys<", ">half<", ">recall<", ">index<", ">figure<", ">flat<", ">graph<", ">9<"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Plot, HeadsAreNamedByLayerAndKvHead) { EXPECT_EQ(head_name(3, 0), "layer 3 KV 0"); }

}  // namespace
}  // namespace rattan::bench
