// Numbers onto pixels, linear or logarithmic, and the ticks that say so.
#pragma once

#include <vector>

namespace rattan::bench {

class Axis {
 public:
  // Value `low` stands at pixel `from`, `high` at `to`; low < high, and low > 0 where logarithmic.
  Axis(double low, double high, double from, double to, bool logarithmic = false);

  double at(double value) const;  // clamped to the axis
  double low() const noexcept { return low_; }
  double high() const noexcept { return high_; }

  // Linear: multiples of 1, 2 or 5 times a power of ten, about `count`. Logarithmic: 1, 2, 5 of each decade, or the
  // decades alone where the axis spans more than four.
  std::vector<double> ticks(int count = 6) const;

 private:
  double low_;
  double high_;
  double from_;
  double to_;
  bool logarithmic_;
};

}  // namespace rattan::bench
