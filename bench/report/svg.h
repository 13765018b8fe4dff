// A few shapes as inline SVG text. Coordinates are pixels from the top left.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rattan::bench {

// &, <, > and quotes made harmless for HTML and SVG.
std::string escape_markup(std::string_view text);

class Svg {
 public:
  using Point = std::pair<double, double>;

  // `label` is what a screen reader says. `style`: attributes of the whole drawing; a page may have style sheets
  // instead.
  Svg(double width, double height, std::string_view label, std::string_view style = {});

  // `style` is a list of attributes, e.g. `stroke="#888"`.
  void line(Point from, Point to, std::string_view style);
  void polyline(const std::vector<Point>& points, std::string_view style);
  void rect(Point corner, double width, double height, std::string_view style, std::string_view tooltip = {});
  void circle(Point centre, double radius, std::string_view style, std::string_view tooltip = {});
  // anchor: "start", "middle" or "end".
  void text(Point at, std::string_view text, std::string_view anchor = "start", std::string_view style = {});
  void text_turned(Point at, std::string_view text, std::string_view anchor = "middle");  // reads upwards

  std::string str() const;

 private:
  void tooltip(std::string_view element, std::string_view text);

  std::string body_;
};

}  // namespace rattan::bench
