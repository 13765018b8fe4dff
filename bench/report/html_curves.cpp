#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "bench/inputs/text.h"
#include "bench/report/html_charts.h"
#include "bench/report/plot.h"
#include "bench/report/summary.h"

namespace rattan::bench {
namespace {

constexpr double legend_target = 0.95;

using Curve = std::vector<CurvePoint>;

// Points that no other beats in both recall and scan, by rising scan.
Curve front_of(Curve points) {
  std::sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.scan_fraction < b.scan_fraction || (a.scan_fraction == b.scan_fraction && a.recall > b.recall);
  });
  Curve front;
  for (const CurvePoint& point : points) {
    if (front.empty() || point.recall > front.back().recall) front.push_back(point);
  }
  return front;
}

std::vector<Curve> curves_of(std::span<const CurvePoint> points, const std::string& index) {
  std::map<std::pair<std::int64_t, std::int64_t>, Curve> by_head;
  for (const CurvePoint& point : points) {
    if (point.index == index && point.scan_fraction > 0) by_head[{point.layer, point.kv_head}].push_back(point);
  }
  std::vector<Curve> curves;
  curves.reserve(by_head.size());
  for (auto& [head, curve] : by_head) curves.push_back(front_of(std::move(curve)));
  return curves;
}

std::size_t count_curves(std::span<const CurvePoint> points) {
  std::set<std::tuple<std::string, std::int64_t, std::int64_t>> curves;
  for (const CurvePoint& point : points) curves.insert({point.index, point.layer, point.kv_head});
  return curves.size();
}

// The geometric mean over the heads at recalls that all of them reach.
std::vector<Svg::Point> mean_curve(const std::vector<Curve>& curves, double lowest_recall) {
  std::vector<Svg::Point> mean;
  for (int step = 0; step <= 200; ++step) {
    const double recall = lowest_recall + (1 - lowest_recall) * step / 200;
    double sum = 0;
    for (const Curve& curve : curves) sum += std::log(scan_at_recall(curve, recall));
    if (std::isfinite(sum)) mean.emplace_back(std::exp(sum / static_cast<double>(curves.size())), recall);
  }
  return mean;
}

struct Extent {
  Interval scan;
  Interval recall;
};

Extent extent_of(std::span<const CurvePoint> points) {
  double least_recall = 1;
  for (const CurvePoint& point : points) least_recall = std::min(least_recall, point.recall);
  const double low_recall = std::clamp(std::floor(least_recall * 10) / 10, 0.5, 0.9);
  double least_scan = 1;
  for (const CurvePoint& point : points) {
    if (point.recall >= low_recall && point.scan_fraction > 0) least_scan = std::min(least_scan, point.scan_fraction);
  }
  return {{std::min(0.1, least_scan * 0.8), 1, true}, {low_recall, 1}};
}

void draw_axes(Plot& plot) {
  std::vector<Tick> scans;
  for (const double tick : plot.x().ticks()) scans.push_back({tick, significant(100 * tick, 1) + " %"});
  std::vector<Tick> recalls;
  for (const double tick : plot.y().ticks(5)) recalls.push_back({tick, fixed(tick, 2)});
  plot.draw_axes(scans, "keys read per query head, share of the indexed keys", recalls, "recall");
}

std::vector<Svg::Point> on_paper(const Plot& plot, const std::vector<Svg::Point>& points) {
  std::vector<Svg::Point> paper;
  for (const auto& [scan, recall] : points) {
    if (recall >= plot.y().low()) paper.push_back(plot.at(scan, recall));
  }
  return paper;
}

constexpr const char* strong_line = " stroke-width=\"2.6\"";

// Many thin lines must not hide the thick ones.
const char* thin_line(std::size_t lines) {
  return lines <= 24 ? " stroke-width=\"1\" stroke-opacity=\"0.4\"" : " stroke-width=\"1\" stroke-opacity=\"0.18\"";
}

void draw_line(Svg& svg, const std::vector<Svg::Point>& paper, const std::string& index, const std::string& line) {
  if (paper.size() == 1) {
    svg.circle(paper.front(), line == strong_line ? 5 : 2, "fill=\"" + variant_colour(index) + "\"", index);
  } else if (!paper.empty()) {
    svg.polyline(paper, variant_stroke(index) + line);
  }
}

// The figure of the row, not of the curve: it is the one the tables have.
std::string scan_of(std::span<const SweepRow> rows, const std::string& index, double target) {
  for (const SweepRow& row : rows) {
    if (row.scope != "all" || row.index != index || row.target != target) continue;
    return row.reached ? percent(row.scan_geomean) : "not reached";
  }
  return "-";
}

}  // namespace

double scan_at_recall(std::vector<CurvePoint> points, double recall) {
  const Curve front = front_of(std::move(points));
  const auto reached =
      std::find_if(front.begin(), front.end(), [&](const CurvePoint& point) { return point.recall >= recall; });
  if (reached == front.end()) return not_measured;
  if (reached == front.begin()) return reached->recall > recall ? not_measured : reached->scan_fraction;
  const CurvePoint& before = *std::prev(reached);
  const double share = (recall - before.recall) / (reached->recall - before.recall);
  return before.scan_fraction * std::pow(reached->scan_fraction / before.scan_fraction, share);
}

std::string draw_curves(std::span<const SweepRow> rows, std::span<const CurvePoint> points) {
  if (points.empty() || rows.empty()) return {};
  const double target = nearest_target(rows, legend_target);
  const Extent extent = extent_of(points);
  Svg svg(paper_width, paper_height, "Recall against the share of keys read, per index");
  Plot plot(svg, extent.scan, extent.recall, "class=\"grid\"");
  draw_axes(plot);
  plot.draw_legend_heading("index", "at recall " + fixed(target, 2));
  const std::string thin = thin_line(count_curves(points));
  for (const std::string& index : indexes_of(rows)) {
    const std::vector<Curve> curves = curves_of(points, index);
    if (curves.empty()) continue;
    std::vector<Svg::Point> mean = mean_curve(curves, plot.y().low());
    if (mean.empty() && curves.front().size() == 1) {
      mean.emplace_back(curves.front().front().scan_fraction, curves.front().front().recall);
    }
    for (const Curve& curve : curves) {
      std::vector<Svg::Point> line;
      for (const CurvePoint& point : curve) line.emplace_back(point.scan_fraction, point.recall);
      if (curves.size() > 1) draw_line(svg, on_paper(plot, line), index, thin);
    }
    draw_line(svg, on_paper(plot, mean), index, strong_line);
    plot.draw_legend_entry(variant_stroke(index) + strong_line, index, scan_of(rows, index, target));
  }
  return svg.str();
}

}  // namespace rattan::bench
