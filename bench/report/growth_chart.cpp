#include "bench/report/growth_chart.h"

#include <algorithm>
#include <array>
#include <limits>

#include "bench/inputs/text.h"
#include "bench/report/plot.h"

namespace rattan::bench {
namespace {

constexpr std::array colours = {"#7f7f7f", "#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#ff7f0e", "#17becf", "#8c564b"};

// "16K", "1M".
std::string in_keys(double keys) {
  constexpr double kilo = 1024;
  if (keys >= kilo * kilo) return fixed(keys / (kilo * kilo), 0) + "M";
  return keys >= kilo ? fixed(keys / kilo, 0) + "K" : fixed(keys, 0);
}

struct Extent {
  Interval keys;
  Interval time;
};

Extent extent_of(const std::vector<GrowthLine>& lines) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Svg::Point least{infinity, infinity};
  Svg::Point most{0, 0};
  for (const GrowthLine& line : lines) {
    for (const auto& [keys, time] : line.points) {
      least = {std::min(least.first, keys), std::min(least.second, time)};
      most = {std::max(most.first, keys), std::max(most.second, time)};
    }
  }
  return {{least.first / 1.2, most.first * 1.2, true}, {least.second / 1.4, most.second * 1.4, true}};
}

void draw_axes(Plot& plot, const std::vector<GrowthLine>& lines) {
  // Numbers of keys are powers of two more often than round: those that were measured are the ticks.
  std::vector<Tick> keys;
  for (const auto& [count, time] : lines.front().points) keys.push_back({count, in_keys(count)});
  std::vector<Tick> times;
  for (const double tick : plot.y().ticks()) times.push_back({tick, significant(tick, 1)});
  plot.draw_axes(keys, "keys per KV head", times, "us per layer");
}

void draw_line(Svg& svg, const Plot& plot, const GrowthLine& line, const std::string& colour,
               const std::string& stroke) {
  std::vector<Svg::Point> paper;
  for (const auto& [keys, time] : line.points) paper.push_back(plot.at(keys, time));
  svg.polyline(paper, stroke);
  for (std::size_t p = 0; p < paper.size(); ++p) {
    const auto& [keys, time] = line.points[p];
    svg.circle(paper[p], 3.5, "fill=\"" + colour + "\"",
               line.name + ": " + in_keys(keys) + " keys, " + fixed(time, 0) + " us");
  }
}

}  // namespace

std::string draw_growth(const std::vector<GrowthLine>& lines, const std::string& title,
                        const std::string& remark_title) {
  if (lines.empty() || lines.front().points.empty()) return {};
  Svg svg(paper_width, paper_height, title, "font-family=\"sans-serif\" font-size=\"13\"");
  svg.rect({0, 0}, paper_width, paper_height, "fill=\"#fff\"");
  const Extent extent = extent_of(lines);
  Plot plot(svg, extent.keys, extent.time, "stroke=\"#ddd\"");
  plot.draw_title(title);
  draw_axes(plot, lines);
  plot.draw_legend_heading("", remark_title);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string colour = colours[i % colours.size()];
    const std::string stroke = "stroke=\"" + colour + "\" stroke-width=\"2.4\"";
    draw_line(svg, plot, lines[i], colour, stroke);
    plot.draw_legend_entry(stroke, lines[i].name, lines[i].remark);
  }
  return svg.str();
}

}  // namespace rattan::bench
