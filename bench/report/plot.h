// The frame that charts with two axes share: where plot, ticks, titles and legend stand on the paper.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/axis.h"
#include "bench/report/svg.h"

namespace rattan::bench {

inline constexpr double paper_width = 980;  // of every chart
inline constexpr double paper_height = 480;
inline constexpr double bare_width = 744;        // of a plot whose legend stands elsewhere
inline constexpr double head_label_width = 110;  // charts with a line per KV head: its name stands in front

// "layer 3 KV 0".
std::string head_name(std::int64_t layer, std::int64_t kv_head);

struct Interval {
  double low;
  double high;
  bool logarithmic = false;
};

struct Tick {
  double value;
  std::string label;
};

class Plot {
 public:
  // `grid`: attributes of grid lines.
  Plot(Svg& svg, const Interval& x, const Interval& y, std::string_view grid);

  const Axis& x() const noexcept { return x_; }
  const Axis& y() const noexcept { return y_; }
  Svg::Point at(double x, double y) const { return {x_.at(x), y_.at(y)}; }

  void draw_axes(const std::vector<Tick>& x_ticks, std::string_view x_title, const std::vector<Tick>& y_ticks,
                 std::string_view y_title);
  void draw_title(std::string_view title);
  // At the right: headings of names and figures, then a line per entry.
  void draw_legend_heading(std::string_view name, std::string_view figure);
  void draw_legend_entry(std::string_view stroke, std::string_view name, std::string_view figure);

 private:
  Svg& svg_;
  Axis x_;
  Axis y_;
  std::string grid_;
  std::size_t entries_ = 0;
};

}  // namespace rattan::bench
