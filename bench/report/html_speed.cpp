#include <algorithm>
#include <cmath>
#include <map>

#include "bench/inputs/text.h"
#include "bench/report/html_charts.h"
#include "bench/report/plot.h"
#include "bench/report/summary.h"

namespace rattan::bench {
namespace {

constexpr double legend_target = 0.95;

double queries_per_second(const SweepRow& row) { return 1e6 * static_cast<double>(row.heads) / row.us_p50; }

bool drawn(const SweepRow& row) {
  return row.scope == "head" && row.recall >= least_recall_shown && std::isfinite(row.us_p50) && row.us_p50 > 0;
}

// A variant's points, a target each: means over the KV heads, of queries per second the geometric one.
std::vector<Svg::Point> speed_line(std::span<const SweepRow> rows, const std::string& index) {
  struct Sum {
    double recall = 0;
    double logarithm = 0;
    double heads = 0;
  };
  std::map<double, Sum> targets;
  for (const SweepRow& row : rows) {
    if (row.index != index || !drawn(row)) continue;
    Sum& sum = targets[row.target];
    sum.recall += row.recall;
    sum.logarithm += std::log(queries_per_second(row));
    ++sum.heads;
  }
  std::vector<Svg::Point> line;
  for (const auto& [target, sum] : targets) {
    line.emplace_back(sum.recall / sum.heads, std::exp(sum.logarithm / sum.heads));
  }
  std::sort(line.begin(), line.end());
  line.erase(std::unique(line.begin(), line.end()), line.end());
  return line;
}

void draw_axes(Plot& plot) {
  std::vector<Tick> recalls;
  for (const double tick : plot.x().ticks(5)) recalls.push_back({tick, fixed(tick, 2)});
  std::vector<Tick> rates;
  for (const double tick : plot.y().ticks())
    rates.push_back({tick, tick < 1000 ? fixed(tick, 0) : fixed(tick / 1000, 0) + "K"});
  plot.draw_axes(recalls, "recall", rates, "queries per second, one thread");
}

const SweepRow* row_at(std::span<const SweepRow> rows, const std::string& index, double target) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const SweepRow& row) {
    return row.scope == "all" && row.index == index && row.target == target;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::string figures_of(const SweepRow& row) {
  if (!row.reached) return "not reached";
  const std::string keys = percent(row.index == "flat" ? 1 : row.scan_geomean) + " of keys";
  const std::string bytes = ", " + fixed(row.bytes_per_query / 1e3, 0) + " KB";
  return keys + bytes + (std::isfinite(row.us_p50) ? ", " + fixed(row.us_p50, 0) + " us a step" : "");
}

}  // namespace

std::string draw_speed(std::span<const SweepRow> rows) {
  double least = 0;
  double most = 0;
  for (const SweepRow& row : rows) {
    if (!drawn(row)) continue;
    const double rate = queries_per_second(row);
    least = least == 0 ? rate : std::min(least, rate);
    most = std::max(most, rate);
  }
  if (least == 0) return {};
  Svg svg(bare_width, paper_height, "Queries per second against recall, per index");
  Plot plot(svg, {least_recall_shown, 1}, {least / 1.3, most * 1.3, true}, "class=\"grid\"");
  draw_axes(plot);
  for (const std::string& index : indexes_of(rows)) {
    std::vector<Svg::Point> paper;
    for (const auto& [recall, rate] : speed_line(rows, index)) paper.push_back(plot.at(recall, rate));
    if (paper.size() > 1) svg.polyline(paper, variant_stroke(index) + " stroke-width=\"2.6\"");
    for (const Svg::Point& point : paper) svg.circle(point, 5, "fill=\"" + variant_colour(index) + "\"", index);
  }
  return svg.str();
}

std::string draw_legend(std::span<const SweepRow> rows) {
  if (rows.empty()) return {};
  const double target = nearest_target(rows, legend_target);
  std::string list = "<ul class=\"legend\">";
  for (const std::string& index : indexes_of(rows)) {
    const SweepRow* const row = row_at(rows, index, target);
    if (row == nullptr) continue;
    const char* const line = index.find(':') == std::string::npos ? "solid " : "dashed ";
    list += "<li><i style=\"border-top:3px " + (line + variant_colour(index)) + "\"></i><b>" + escape_markup(index) +
            "</b> " + figures_of(*row) + "</li>\n";
  }
  return list + "</ul><p class=\"small\">Figures at recall " + fixed(target, 2) + ".</p>\n";
}

}  // namespace rattan::bench
