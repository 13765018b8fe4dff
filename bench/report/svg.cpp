#include "bench/report/svg.h"

#include "bench/inputs/text.h"

namespace rattan::bench {
namespace {

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + fixed(value, 1) + "\"";
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

Svg::Svg(double width, double height, std::string_view label, std::string_view style) {
  body_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 " + fixed(width, 0) + " " +
          fixed(height, 0) + "\"" + attribute("width", width) + attribute("height", height) + " aria-label=\"" +
          escape_markup(label) + "\"" + (style.empty() ? "" : " " + std::string(style)) + ">\n";
}

void Svg::line(Point from, Point to, std::string_view style) {
  body_ += "<line" + attribute("x1", from.first) + attribute("y1", from.second) + attribute("x2", to.first) +
           attribute("y2", to.second) + " " + std::string(style) + "/>\n";
}

void Svg::polyline(const std::vector<Point>& points, std::string_view style) {
  body_ += "<polyline fill=\"none\" points=\"";
  for (const auto& [x, y] : points) body_ += fixed(x, 1) + "," + fixed(y, 1) + " ";
  body_ += "\" " + std::string(style) + "/>\n";
}

void Svg::rect(Point corner, double width, double height, std::string_view style, std::string_view tip) {
  body_ += "<rect" + attribute("x", corner.first) + attribute("y", corner.second) + attribute("width", width) +
           attribute("height", height) + " " + std::string(style);
  tooltip("rect", tip);
}

void Svg::circle(Point centre, double radius, std::string_view style, std::string_view tip) {
  body_ += "<circle" + attribute("cx", centre.first) + attribute("cy", centre.second) + attribute("r", radius) + " " +
           std::string(style);
  tooltip("circle", tip);
}

void Svg::text(Point at, std::string_view text, std::string_view anchor, std::string_view style) {
  body_ += "<text" + attribute("x", at.first) + attribute("y", at.second) + " text-anchor=\"" + std::string(anchor) +
           "\" " + std::string(style) + ">" + escape_markup(text) + "</text>\n";
}

void Svg::text_turned(Point at, std::string_view text, std::string_view anchor) {
  body_ += "<text transform=\"translate(" + fixed(at.first, 1) + "," + fixed(at.second, 1) +
           ") rotate(-90)\" text-anchor=\"" + std::string(anchor) + "\">" + escape_markup(text) + "</text>\n";
}

std::string Svg::str() const { return body_ + "</svg>\n"; }

void Svg::tooltip(std::string_view element, std::string_view text) {
  if (text.empty()) {
    body_ += "/>\n";
  } else {
    body_ += "><title>" + escape_markup(text) + "</title></" + std::string(element) + ">\n";
  }
}

}  // namespace rattan::bench
