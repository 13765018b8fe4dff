#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "bench/inputs/text.h"
#include "bench/report/html_charts.h"
#include "bench/report/plot.h"
#include "bench/report/summary.h"

namespace rattan::bench {
namespace {

constexpr double shown_target = 0.95;
constexpr double cell_width = 96;
constexpr double cell_height = 26;
constexpr double head_height = 44;
constexpr double foot_height = 78;
constexpr double least_width = 560;

using Head = std::pair<std::int64_t, std::int64_t>;

// From pale yellow through green to dark blue: share 0 to 1.
std::string ramp(double share) {
  static constexpr std::array<std::array<double, 3>, 4> stops = {
      {{247, 252, 217}, {127, 205, 187}, {44, 127, 184}, {18, 40, 92}}};
  const double at = std::clamp(share, 0.0, 1.0) * (stops.size() - 1);
  const std::size_t stop = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  std::string colour = "rgb(";
  for (std::size_t c = 0; c < 3; ++c) {
    const double value = stops[stop][c] + (at - static_cast<double>(stop)) * (stops[stop + 1][c] - stops[stop][c]);
    colour += (c == 0 ? "" : ",") + fixed(value, 0);
  }
  return colour + ")";
}

// Flat reads all keys, however many heads share the pass.
double shown_scan(const SweepRow& row) { return row.index == "flat" ? 1 : row.scan_fraction; }

class HeatScale {
 public:
  explicit HeatScale(const std::vector<const SweepRow*>& rows) {
    for (const SweepRow* row : rows) {
      if (!(row->scan_fraction > 0)) continue;
      least_ = std::min(least_, shown_scan(*row));
      most_ = std::max(most_, shown_scan(*row));
    }
    if (least_ >= most_) least_ = most_ / 2;
  }

  double share(double scan) const { return std::log(std::max(scan, least_) / least_) / std::log(most_ / least_); }
  double scan(double share) const { return least_ * std::pow(most_ / least_, share); }

 private:
  double least_ = 1;
  double most_ = 1e-6;
};

void draw_column_title(Svg& svg, double x, const std::string& index) {
  const std::size_t colon = index.find(':');
  svg.text({x, head_height - (colon == std::string::npos ? 10 : 24)}, index.substr(0, colon), "middle");
  if (colon != std::string::npos) svg.text({x, head_height - 10}, index.substr(colon + 1), "middle");
}

void draw_cell(Svg& svg, double x, double y, const SweepRow& row, const HeatScale& scale) {
  const double share = scale.share(shown_scan(row));
  const std::string text = percent(shown_scan(row)) + (row.reached ? "" : " *");
  svg.rect({x, y}, cell_width - 2, cell_height - 2, "fill=\"" + ramp(share) + "\"",
           row.index + ": recall " + fixed(row.recall, 3) + ", " + row.setting);
  svg.text({x + cell_width / 2 - 1, y + cell_height / 2 + 3}, text, "middle",
           share > 0.6 ? "class=\"bright\"" : "class=\"dark\"");
}

void draw_scale(Svg& svg, double y, const HeatScale& scale) {
  constexpr int steps = 60;
  constexpr double length = 300;
  for (int i = 0; i < steps; ++i) {
    svg.rect({head_label_width + length * i / steps, y}, length / steps + 0.5, 12,
             "fill=\"" + ramp((i + 0.5) / steps) + "\"");
  }
  for (const double share : {0.0, 0.5, 1.0}) {
    svg.text({head_label_width + length * share, y + 28}, percent(scale.scan(share)), "middle");
  }
  svg.text({head_label_width, y + 48}, "share of keys read per query head (log scale); * target not reached");
}

}  // namespace

std::string draw_heatmap(std::span<const SweepRow> rows) {
  if (rows.empty()) return {};
  const double target = nearest_target(rows, shown_target);
  std::vector<const SweepRow*> shown;
  std::map<Head, std::size_t> lines;
  for (const SweepRow& row : rows) {
    if (row.scope != "head" || row.target != target || !row.layer || !row.kv_head) continue;
    shown.push_back(&row);
    lines.emplace(Head{*row.layer, *row.kv_head}, 0);
  }
  if (shown.empty()) return {};
  std::size_t line_number = 0;
  for (auto& [head, line] : lines) line = line_number++;
  const std::vector<std::string> indexes = indexes_of(rows);
  const HeatScale scale(shown);
  const double grid_bottom = head_height + cell_height * static_cast<double>(lines.size());
  const double svg_width = std::max(head_label_width + cell_width * static_cast<double>(indexes.size()), least_width);
  Svg svg(svg_width, grid_bottom + foot_height,
          "Share of keys read per KV head and index at recall " + fixed(target, 2));
  for (std::size_t c = 0; c < indexes.size(); ++c) {
    draw_column_title(svg, head_label_width + cell_width * (static_cast<double>(c) + 0.5), indexes[c]);
  }
  for (const auto& [head, line] : lines) {
    svg.text({head_label_width - 10, head_height + cell_height * static_cast<double>(line) + 17},
             head_name(head.first, head.second), "end");
  }
  for (const SweepRow* row : shown) {
    const auto column = std::find(indexes.begin(), indexes.end(), row->index) - indexes.begin();
    draw_cell(svg, head_label_width + cell_width * static_cast<double>(column),
              head_height + cell_height * static_cast<double>(lines.at({*row->layer, *row->kv_head})), *row, scale);
  }
  draw_scale(svg, grid_bottom + 14, scale);
  return svg.str();
}

}  // namespace rattan::bench
