#include "bench/report/growth_chart.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(GrowthChart, HasALineAndAMarkPerNumberOfKeys) {
  const std::vector<GrowthLine> lines = {{"flat", {{16384, 500}, {1048576, 32000}}, "1.00"},
                                         {"graph", {{16384, 300}, {1048576, 700}}, "0.20"}};
  const std::string svg = draw_growth(lines, "Time", "exponent");
  for (const char* part :
       {">flat<", ">graph<", ">1.00<", ">0.20<", ">16K<", ">1M<", ">exponent<", ">Time<", "graph: 1M keys, 700 us"}) {
    EXPECT_TRUE(contains(svg, part)) << part;
  }
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(GrowthChart, OneNumberOfKeysIsDrawn) {
  EXPECT_TRUE(contains(draw_growth({{"flat", {{300, 5}}, ""}}, "Time", ""), ">300<"));
}

TEST(GrowthChart, NothingGivesNothing) { EXPECT_EQ(draw_growth({}, "Time", ""), ""); }

}  // namespace
}  // namespace rattan::bench
