// How a time grows with the number of keys, as a drawing.
#pragma once

#include <string>
#include <vector>

#include "bench/report/svg.h"

namespace rattan::bench {

struct GrowthLine {
  std::string name;
  std::vector<Svg::Point> points;  // keys, microseconds
  std::string remark;              // at the right of its legend, e.g. the exponent
};

// A self-contained SVG with both axes logarithmic, a line per name in the order given. Empty without points.
std::string draw_growth(const std::vector<GrowthLine>& lines, const std::string& title,
                        const std::string& remark_title);

}  // namespace rattan::bench
