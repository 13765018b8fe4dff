#include <algorithm>
#include <cmath>

#include "bench/inputs/text.h"
#include "bench/report/axis.h"
#include "bench/report/html_charts.h"
#include "bench/report/plot.h"

namespace rattan::bench {
namespace {

constexpr double row_height = 34;
constexpr double top = 30;
constexpr double spread_width = 640;
constexpr double label_width = 150;
constexpr double panel = 180;
constexpr std::size_t panels_per_row = 5;
constexpr const char* query_colour = "#c2410c";
constexpr const char* key_colour = "#3b6ea5";
constexpr std::size_t quantile_count = 5;

std::string fill(const char* colour, const char* opacity) {
  return std::string("class=\"mark\" fill=\"") + colour + "\" fill-opacity=\"" + opacity + "\"";
}

// 5 to 95 % thin, 25 to 75 % thick, the median a bar.
void draw_spread(Svg& svg, const Axis& axis, double y, const std::vector<double>& quantiles, const char* colour) {
  const std::string tip = "median " + fixed(quantiles[2], 1);
  svg.rect({axis.at(quantiles[0]), y - 1}, axis.at(quantiles[4]) - axis.at(quantiles[0]), 2, fill(colour, "0.6"));
  svg.rect({axis.at(quantiles[1]), y - 5}, std::max(1.0, axis.at(quantiles[3]) - axis.at(quantiles[1])), 10,
           fill(colour, "0.45"), tip);
  svg.rect({axis.at(quantiles[2]) - 1.5, y - 7}, 3, 14, fill(colour, "1"), tip);
}

void draw_legend(Svg& svg, Svg::Point at) {
  svg.rect({at.first, at.second - 9}, 14, 10, fill(query_colour, "0.8"));
  svg.text({at.first + 20, at.second}, "queries");
  svg.rect({at.first + 120, at.second - 9}, 14, 10, fill(key_colour, "0.8"));
  svg.text({at.first + 140, at.second}, "keys");
}

bool has_distances(const OodHead& head) {
  return head.query_quantiles.size() == quantile_count && head.key_quantiles.size() == quantile_count;
}

double furthest(std::span<const OodHead> heads) {
  double most = 1;
  for (const OodHead& head : heads) {
    if (has_distances(head)) most = std::max({most, head.query_quantiles.back(), head.key_quantiles.back()});
  }
  return most;
}

void draw_cloud(Svg& svg, const Axis& x, const Axis& y, const std::vector<double>& plane, const char* colour) {
  for (std::size_t i = 0; i + 1 < plane.size(); i += 2) {
    svg.circle({x.at(plane[i]), y.at(plane[i + 1])}, 1.6, fill(colour, "0.55"));
  }
}

void draw_panel(Svg& svg, Svg::Point corner, const OodHead& head) {
  double reach = 1e-9;
  for (const auto* plane : {&head.query_plane, &head.key_plane}) {
    for (const double value : *plane) reach = std::max(reach, std::abs(value));
  }
  const double inner = panel - 20;
  const auto [panel_x, panel_y] = corner;
  // One scale for both directions, or the clouds' shapes would lie.
  const Axis x(-reach, reach, panel_x + 4, panel_x + inner - 4);
  const Axis y(-reach, reach, panel_y + 18 + inner - 4, panel_y + 18 + 4);
  svg.text({panel_x, panel_y + 10}, head_name(head.layer, head.kv_head) + ", \u00b1" + significant(reach, 2));
  svg.rect({panel_x, panel_y + 18}, inner, inner, "class=\"frame\"");
  svg.line({x.at(0), panel_y + 18}, {x.at(0), panel_y + 18 + inner}, "class=\"grid\"");
  svg.line({panel_x, y.at(0)}, {panel_x + inner, y.at(0)}, "class=\"grid\"");
  draw_cloud(svg, x, y, head.key_plane, key_colour);
  draw_cloud(svg, x, y, head.query_plane, query_colour);
}

}  // namespace

std::string draw_distances(std::span<const OodHead> heads) {
  const auto count = static_cast<double>(std::count_if(heads.begin(), heads.end(), has_distances));
  if (count == 0) return {};
  const double bottom = top + row_height * count;
  const Axis axis(0, furthest(heads) * 1.04, label_width, spread_width - 16);
  Svg svg(spread_width, bottom + 56, "Mahalanobis distance of queries and keys to the keys");
  draw_legend(svg, {label_width, 16});
  for (const double tick : axis.ticks(8)) {
    svg.line({axis.at(tick), top}, {axis.at(tick), bottom}, "class=\"grid\"");
    svg.text({axis.at(tick), bottom + 20}, fixed(tick, tick == std::floor(tick) ? 0 : 1), "middle");
  }
  svg.text({(label_width + spread_width) / 2, bottom + 48}, "Mahalanobis distance to the keys", "middle");
  double y = top + row_height / 2;
  for (const OodHead& head : heads) {
    if (!has_distances(head)) continue;
    svg.text({label_width - 10, y + 4}, head_name(head.layer, head.kv_head), "end");
    draw_spread(svg, axis, y - 7, head.query_quantiles, query_colour);
    draw_spread(svg, axis, y + 7, head.key_quantiles, key_colour);
    y += row_height;
  }
  return svg.str();
}

std::string explain_distances(std::span<const OodHead> heads) {
  constexpr double near = 1.5;
  constexpr double far = 3;
  std::vector<double> ratios;
  for (const OodHead& head : heads) {
    if (has_distances(head)) ratios.push_back(head.query_quantiles[2] / head.key_quantiles[2]);
  }
  if (ratios.empty()) return {};
  std::sort(ratios.begin(), ratios.end());
  const double least = ratios.front();
  const double most = ratios.back();
  const std::string times = fixed(least, 1) + (ratios.size() > 1 ? " to " + fixed(most, 1) : "");
  const std::string found = "The median query lies " + times + " times as far from the keys as the median key does: ";
  if (most < near)
    return found + "queries look like keys here, and an index that is built from keys alone finds its way.";
  if (least < far)
    return found + "outside of the keys; the farther, the more an index built from keys alone must read.";
  return found +
         "far outside of the keys. An index built from keys alone (hnsw, ivf) is lost there and reads much; one built "
         "from the prefill's queries (graph) is made for it.";
}

std::string draw_planes(std::span<const OodHead> heads) {
  if (heads.empty()) return {};
  const std::size_t lines = (heads.size() + panels_per_row - 1) / panels_per_row;
  const auto columns = static_cast<double>(std::min(heads.size(), panels_per_row));
  Svg svg((panel + 16) * columns, 20 + (panel + 14) * static_cast<double>(lines),
          "Queries and keys in their principal plane");
  draw_legend(svg, {0, 12});
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::size_t line = i / panels_per_row;
    draw_panel(svg,
               {(panel + 16) * static_cast<double>(i % panels_per_row), 26 + (panel + 14) * static_cast<double>(line)},
               heads[i]);
  }
  return svg.str();
}

}  // namespace rattan::bench
