#include "bench/report/axis.h"

#include <algorithm>
#include <cmath>

namespace rattan::bench {
namespace {

constexpr double slack = 1e-9;

std::vector<double> logarithmic_ticks(double low, double high) {
  const bool wide = std::log10(high / low) > 4;
  std::vector<double> ticks;
  for (int decade = static_cast<int>(std::floor(std::log10(low))); std::pow(10, decade) <= high; ++decade) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double tick = digit * std::pow(10, decade);
      if ((digit == 1 || !wide) && tick >= low * (1 - slack) && tick <= high * (1 + slack)) ticks.push_back(tick);
    }
  }
  return ticks;
}

double tick_distance(double span, int count) {
  const double rough = span / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= rough) return digit * power;
  }
  return 10 * power;
}

}  // namespace

Axis::Axis(double low, double high, double from, double to, bool logarithmic)
    : low_(low), high_(high), from_(from), to_(to), logarithmic_(logarithmic) {}

double Axis::at(double value) const {
  const double inside = std::clamp(value, low_, high_);
  const double share =
      logarithmic_ ? std::log(inside / low_) / std::log(high_ / low_) : (inside - low_) / (high_ - low_);
  return from_ + share * (to_ - from_);
}

std::vector<double> Axis::ticks(int count) const {
  if (logarithmic_) return logarithmic_ticks(low_, high_);
  const double distance = tick_distance(high_ - low_, count);
  std::vector<double> ticks;
  for (double n = std::ceil(low_ / distance - slack); n * distance <= high_ + slack * distance; ++n) {
    ticks.push_back(n * distance + 0.0);  // + 0.0: no tick is -0
  }
  return ticks;
}

}  // namespace rattan::bench
