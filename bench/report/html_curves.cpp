#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "bench/inputs/text.h"
#include "bench/report/axis.h"
#include "bench/report/html_charts.h"
#include "bench/report/summary.h"
#include "bench/report/svg.h"

namespace rattan::bench {
namespace {

constexpr double width = 980;
constexpr double height = 470;
constexpr double left = 64;
constexpr double right = 720;
constexpr double top = 16;
constexpr double bottom = 410;
constexpr double legend_x = 744;
constexpr double legend_line = 24;
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

struct Frame {
  Axis scan;
  Axis recall;
};

Frame make_frame(std::span<const CurvePoint> points) {
  double least_recall = 1;
  for (const CurvePoint& point : points) least_recall = std::min(least_recall, point.recall);
  const double low_recall = std::clamp(std::floor(least_recall * 10) / 10, 0.5, 0.9);
  double least_scan = 1;
  for (const CurvePoint& point : points) {
    if (point.recall >= low_recall && point.scan_fraction > 0) least_scan = std::min(least_scan, point.scan_fraction);
  }
  return {Axis(std::min(0.1, least_scan * 0.8), 1, left, right, true), Axis(low_recall, 1, bottom, top)};
}

void draw_frame(Svg& svg, const Frame& frame) {
  for (const double tick : frame.scan.ticks()) {
    svg.line({frame.scan.at(tick), top}, {frame.scan.at(tick), bottom}, "class=\"grid\"");
    svg.text({frame.scan.at(tick), bottom + 18}, significant(100 * tick, 1) + " %", "middle");
  }
  for (const double tick : frame.recall.ticks(5)) {
    svg.line({left, frame.recall.at(tick)}, {right, frame.recall.at(tick)}, "class=\"grid\"");
    svg.text({left - 8, frame.recall.at(tick) + 4}, fixed(tick, 2), "end");
  }
  svg.text({(left + right) / 2, bottom + 44}, "keys read per query head, share of the indexed keys", "middle");
  svg.text_turned({18, (top + bottom) / 2}, "recall");
}

std::vector<Svg::Point> on_paper(const Frame& frame, const std::vector<Svg::Point>& points) {
  std::vector<Svg::Point> paper;
  for (const auto& [scan, recall] : points) {
    if (recall >= frame.recall.low()) paper.emplace_back(frame.scan.at(scan), frame.recall.at(recall));
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

void draw_legend_entry(Svg& svg, std::size_t entry, const std::string& index, const std::string& figure) {
  const double y = top + 40 + legend_line * static_cast<double>(entry);
  svg.line({legend_x, y - 4}, {legend_x + 30, y - 4}, variant_stroke(index) + strong_line);
  svg.text({legend_x + 38, y}, index);
  svg.text({width - 4, y}, figure, "end");
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
  const Frame frame = make_frame(points);
  Svg svg(width, height, "Recall against the share of keys read, per index");
  draw_frame(svg, frame);
  svg.text({legend_x, top + 12}, "index");
  svg.text({width - 4, top + 12}, "at recall " + fixed(target, 2), "end");
  const std::string thin = thin_line(count_curves(points));
  std::size_t entry = 0;
  for (const std::string& index : indexes_of(rows)) {
    const std::vector<Curve> curves = curves_of(points, index);
    if (curves.empty()) continue;
    std::vector<Svg::Point> mean = mean_curve(curves, frame.recall.low());
    if (mean.empty() && curves.front().size() == 1) {
      mean.emplace_back(curves.front().front().scan_fraction, curves.front().front().recall);
    }
    for (const Curve& curve : curves) {
      std::vector<Svg::Point> line;
      for (const CurvePoint& point : curve) line.emplace_back(point.scan_fraction, point.recall);
      if (curves.size() > 1) draw_line(svg, on_paper(frame, line), index, thin);
    }
    draw_line(svg, on_paper(frame, mean), index, strong_line);
    draw_legend_entry(svg, entry++, index, scan_of(rows, index, target));
  }
  return svg.str();
}

}  // namespace rattan::bench
