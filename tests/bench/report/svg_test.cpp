#include "bench/report/svg.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(Svg, MarkupInTextIsHarmless) {
  EXPECT_EQ(escape_markup("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  Svg svg(10, 20, "x<y");
  svg.text({1, 2}, "<script>");
  svg.circle({1, 2}, 3, "fill=\"red\"", "<tip>");
  EXPECT_EQ(svg.str().find("<script>"), std::string::npos);
  EXPECT_EQ(svg.str().find("<tip>"), std::string::npos);
}

TEST(Svg, ElementsAreClosed) {
  Svg svg(10, 20, "chart");
  svg.rect({0, 0}, 4, 5, "fill=\"red\"");
  svg.rect({0, 0}, 4, 5, "fill=\"red\"", "tip");
  svg.polyline({{0, 0}, {1, 1}}, "stroke=\"red\"");
  const std::string text = svg.str();
  EXPECT_NE(text.find("<rect x=\"0.0\" y=\"0.0\" width=\"4.0\" height=\"5.0\" fill=\"red\"/>"), std::string::npos);
  EXPECT_NE(text.find("<title>tip</title></rect>"), std::string::npos);
  EXPECT_NE(text.find("points=\"0.0,0.0 1.0,1.0 \""), std::string::npos);
  EXPECT_TRUE(text.ends_with("</svg>\n"));
}

}  // namespace
}  // namespace rattan::bench
