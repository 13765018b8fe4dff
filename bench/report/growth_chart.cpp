#include "bench/report/growth_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "bench/inputs/text.h"
#include "bench/report/axis.h"

namespace rattan::bench {
namespace {

constexpr double width = 940;
constexpr double height = 480;
constexpr double left = 76;
constexpr double right = 640;
constexpr double top = 44;
constexpr double bottom = 416;
constexpr double legend_x = 668;
constexpr double legend_line = 26;

constexpr std::array colours = {"#7f7f7f", "#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#ff7f0e", "#17becf", "#8c564b"};

// "16K", "1M".
std::string in_keys(double keys) {
  constexpr double kilo = 1024;
  if (keys >= kilo * kilo) return fixed(keys / (kilo * kilo), 0) + "M";
  return keys >= kilo ? fixed(keys / kilo, 0) + "K" : fixed(keys, 0);
}

struct Frame {
  Axis keys;
  Axis time;
};

Frame make_frame(const std::vector<GrowthLine>& lines) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Svg::Point least{infinity, infinity};
  Svg::Point most{0, 0};
  for (const GrowthLine& line : lines) {
    for (const auto& [keys, time] : line.points) {
      least = {std::min(least.first, keys), std::min(least.second, time)};
      most = {std::max(most.first, keys), std::max(most.second, time)};
    }
  }
  return {Axis(least.first / 1.2, most.first * 1.2, left, right, true),
          Axis(least.second / 1.4, most.second * 1.4, bottom, top, true)};
}

void draw_frame(Svg& svg, const Frame& frame, const std::vector<GrowthLine>& lines) {
  // Numbers of keys are powers of two more often than round: those that were measured are the ticks.
  for (const auto& [keys, time] : lines.front().points) {
    svg.line({frame.keys.at(keys), top}, {frame.keys.at(keys), bottom}, "stroke=\"#ddd\"");
    svg.text({frame.keys.at(keys), bottom + 18}, in_keys(keys), "middle");
  }
  for (const double tick : frame.time.ticks()) {
    svg.line({left, frame.time.at(tick)}, {right, frame.time.at(tick)}, "stroke=\"#ddd\"");
    svg.text({left - 8, frame.time.at(tick) + 4}, significant(tick, 1), "end");
  }
  svg.text({(left + right) / 2, bottom + 44}, "keys per KV head", "middle");
  svg.text_turned({20, (top + bottom) / 2}, "us per layer");
}

}  // namespace

std::string draw_growth(const std::vector<GrowthLine>& lines, const std::string& title,
                        const std::string& remark_title) {
  if (lines.empty() || lines.front().points.empty()) return {};
  const Frame frame = make_frame(lines);
  Svg svg(width, height, title, "font-family=\"sans-serif\" font-size=\"13\"");
  svg.rect({0, 0}, width, height, "fill=\"#fff\"");
  svg.text({left, 26}, title);
  draw_frame(svg, frame, lines);
  svg.text({width - 16, top + 12}, remark_title, "end");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string colour = colours[i % colours.size()];
    const std::string stroke = "stroke=\"" + colour + "\" stroke-width=\"2.4\"";
    std::vector<Svg::Point> paper;
    for (const auto& [keys, time] : lines[i].points) paper.emplace_back(frame.keys.at(keys), frame.time.at(time));
    svg.polyline(paper, stroke);
    for (std::size_t p = 0; p < paper.size(); ++p) {
      svg.circle(paper[p], 3.5, "fill=\"" + colour + "\"",
                 lines[i].name + ": " + in_keys(lines[i].points[p].first) + " keys, " +
                     fixed(lines[i].points[p].second, 0) + " us");
    }
    const double y = top + 40 + legend_line * static_cast<double>(i);
    svg.line({legend_x, y - 4}, {legend_x + 30, y - 4}, stroke);
    svg.text({legend_x + 38, y}, lines[i].name);
    svg.text({width - 16, y}, lines[i].remark, "end");
  }
  return svg.str();
}

}  // namespace rattan::bench
