#include "bench/report/plot.h"

namespace rattan::bench {
namespace {

constexpr double plot_left = 76;
constexpr double plot_right = 700;
constexpr double plot_top = 44;
constexpr double plot_bottom = 420;
constexpr double legend_x = plot_right + 28;
constexpr double legend_line = 25;

Axis horizontal(const Interval& x) { return {x.low, x.high, plot_left, plot_right, x.logarithmic}; }
Axis vertical(const Interval& y) { return {y.low, y.high, plot_bottom, plot_top, y.logarithmic}; }

}  // namespace

std::string head_name(std::int64_t layer, std::int64_t kv_head) {
  return "layer " + std::to_string(layer) + " KV " + std::to_string(kv_head);
}

Plot::Plot(Svg& svg, const Interval& x, const Interval& y, std::string_view grid)
    : svg_(svg), x_(horizontal(x)), y_(vertical(y)), grid_(grid) {}

void Plot::draw_axes(const std::vector<Tick>& x_ticks, std::string_view x_title, const std::vector<Tick>& y_ticks,
                     std::string_view y_title) {
  for (const Tick& tick : x_ticks) {
    svg_.line({x_.at(tick.value), plot_top}, {x_.at(tick.value), plot_bottom}, grid_);
    svg_.text({x_.at(tick.value), plot_bottom + 24}, tick.label, "middle");
  }
  for (const Tick& tick : y_ticks) {
    svg_.line({plot_left, y_.at(tick.value)}, {plot_right, y_.at(tick.value)}, grid_);
    svg_.text({plot_left - 8, y_.at(tick.value) + 4}, tick.label, "end");
  }
  svg_.text({(plot_left + plot_right) / 2, plot_bottom + 48}, x_title, "middle");
  svg_.text_turned({14, (plot_top + plot_bottom) / 2}, y_title);
}

void Plot::draw_title(std::string_view title) { svg_.text({plot_left, 26}, title); }

void Plot::draw_legend_heading(std::string_view name, std::string_view figure) {
  svg_.text({legend_x, plot_top + 12}, name);
  svg_.text({paper_width - 4, plot_top + 12}, figure, "end");
}

void Plot::draw_legend_entry(std::string_view stroke, std::string_view name, std::string_view figure) {
  const double y = plot_top + 40 + legend_line * static_cast<double>(entries_++);
  svg_.line({legend_x, y - 4}, {legend_x + 30, y - 4}, stroke);
  svg_.text({legend_x + 38, y}, name);
  svg_.text({paper_width - 4, y}, figure, "end");
}

}  // namespace rattan::bench
