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

using Curve = std::vector<CurvePoint>;

// Flat reads all keys once for all heads of the KV head: 100 %.
double amount(const CurvePoint& point, Reading reading) {
  if (reading == Reading::bytes) return point.bytes_per_query;
  return point.index == "flat" ? 1 : point.scan_fraction;
}

// Points that no other beats in both recall and what is read, by rising amount.
Curve front_of(Curve points, Reading reading) {
  std::sort(points.begin(), points.end(), [&](const CurvePoint& a, const CurvePoint& b) {
    const double of_a = amount(a, reading);
    const double of_b = amount(b, reading);
    return of_a < of_b || (of_a == of_b && a.recall > b.recall);
  });
  Curve front;
  for (const CurvePoint& point : points) {
    if (front.empty() || point.recall > front.back().recall) front.push_back(point);
  }
  return front;
}

std::vector<Curve> curves_of(std::span<const CurvePoint> points, const std::string& index, Reading reading) {
  std::map<std::pair<std::int64_t, std::int64_t>, Curve> by_head;
  for (const CurvePoint& point : points) {
    if (point.index == index && amount(point, reading) > 0) by_head[{point.layer, point.kv_head}].push_back(point);
  }
  std::vector<Curve> curves;
  for (auto& [head, curve] : by_head) curves.push_back(front_of(std::move(curve), reading));
  return curves;
}

std::size_t count_curves(std::span<const CurvePoint> points) {
  std::set<std::tuple<std::string, std::int64_t, std::int64_t>> curves;
  for (const CurvePoint& point : points) curves.insert({point.index, point.layer, point.kv_head});
  return curves.size();
}

// The geometric mean over the heads at recalls that all of them reach.
std::vector<Svg::Point> mean_curve(const std::vector<Curve>& curves, double lowest_recall, Reading reading) {
  std::vector<Svg::Point> mean;
  for (int step = 0; step <= 200; ++step) {
    const double recall = lowest_recall + (1 - lowest_recall) * step / 200;
    double sum = 0;
    for (const Curve& curve : curves) sum += std::log(read_at_recall(curve, recall, reading));
    if (std::isfinite(sum)) mean.emplace_back(std::exp(sum / static_cast<double>(curves.size())), recall);
  }
  return mean;
}

struct Extent {
  Interval amount;
  Interval recall;
};

Extent extent_of(std::span<const CurvePoint> points, Reading reading) {
  double least = 0;
  double most = 0;
  for (const CurvePoint& point : points) {
    const double value = amount(point, reading);
    if (point.recall < least_recall_shown || !(value > 0)) continue;
    least = least == 0 ? value : std::min(least, value);
    most = std::max(most, value);
  }
  if (least == 0) return {};
  if (reading == Reading::keys) return {{std::min(0.1, least * 0.8), 1, true}, {least_recall_shown, 1}};
  return {{least * 0.8, most * 1.25, true}, {least_recall_shown, 1}};
}

void draw_axes(Plot& plot, Reading reading) {
  std::vector<Tick> amounts;
  for (const double tick : plot.x().ticks()) {
    amounts.push_back(
        {tick, reading == Reading::keys ? significant(100 * tick, 1) + " %" : significant(tick / 1e3, 1)});
  }
  std::vector<Tick> recalls;
  for (const double tick : plot.y().ticks(5)) recalls.push_back({tick, fixed(tick, 2)});
  plot.draw_axes(amounts, reading == Reading::keys ? "share of keys read per query head" : "KB read per query head",
                 recalls, "recall");
}

std::vector<Svg::Point> on_paper(const Plot& plot, const std::vector<Svg::Point>& points) {
  std::vector<Svg::Point> paper;
  for (const auto& [read, recall] : points) {
    if (recall >= plot.y().low()) paper.push_back(plot.at(read, recall));
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

}  // namespace

double read_at_recall(std::vector<CurvePoint> points, double recall, Reading reading) {
  const Curve front = front_of(std::move(points), reading);
  const auto reached =
      std::find_if(front.begin(), front.end(), [&](const CurvePoint& point) { return point.recall >= recall; });
  if (reached == front.end()) return not_measured;
  if (reached == front.begin()) return reached->recall > recall ? not_measured : amount(*reached, reading);
  const CurvePoint& before = *std::prev(reached);
  const double share = (recall - before.recall) / (reached->recall - before.recall);
  return amount(before, reading) * std::pow(amount(*reached, reading) / amount(before, reading), share);
}

std::string draw_curves(std::span<const SweepRow> rows, std::span<const CurvePoint> points, Reading reading) {
  if (points.empty() || rows.empty()) return {};
  const Extent extent = extent_of(points, reading);
  if (!(extent.amount.low > 0)) return {};
  const bool keys = reading == Reading::keys;
  Svg svg(bare_width, paper_height,
          keys ? "Recall against the share of keys read, per index" : "Recall against bytes read, per index");
  Plot plot(svg, extent.amount, extent.recall, "class=\"grid\"");
  draw_axes(plot, reading);
  const std::string thin = thin_line(count_curves(points));
  for (const std::string& index : indexes_of(rows)) {
    const std::vector<Curve> curves = curves_of(points, index, reading);
    if (curves.empty()) continue;
    std::vector<Svg::Point> mean = mean_curve(curves, plot.y().low(), reading);
    if (mean.empty() && curves.front().size() == 1) {
      mean.emplace_back(amount(curves.front().front(), reading), curves.front().front().recall);
    }
    for (const Curve& curve : curves) {
      std::vector<Svg::Point> line;
      for (const CurvePoint& point : curve) line.emplace_back(amount(point, reading), point.recall);
      if (curves.size() > 1) draw_line(svg, on_paper(plot, line), index, thin);
    }
    draw_line(svg, on_paper(plot, mean), index, strong_line);
  }
  return svg.str();
}

}  // namespace rattan::bench
