// Sums of exponentials by their natural logarithms, which neither overflow nor lose the small ones. -infinity is the
// logarithm of nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace rattan {

inline constexpr float log_of_nothing = -std::numeric_limits<float>::infinity();

// log(exp(top) * sum); -infinity where sum is 0.
inline double log_sum(double top, double sum) noexcept {
  return sum > 0 ? top + std::log(sum) : static_cast<double>(log_of_nothing);
}

// log(exp(a) - exp(b)); -infinity where rounding leaves nothing.
inline double log_difference(double a, double b) noexcept {
  return a > b ? a + std::log1p(-std::exp(b - a)) : static_cast<double>(log_of_nothing);
}

// log(sum of exp(x)) in two passes: reach() every x, then add() every x. All parts stay between 0 and 1.
struct LogSumExp {
  double top = static_cast<double>(log_of_nothing);  // the largest x
  double sum = 0;                                    // of exp(x - top)

  void reach(double x) noexcept { top = std::max(top, x); }
  // exp(x - top): what x is of the largest. Not where nothing was reached.
  double part(double x) const noexcept { return std::exp(x - top); }
  void add(double x) noexcept { sum += part(x); }
  bool empty() const noexcept { return top == static_cast<double>(log_of_nothing); }
  double log() const noexcept { return log_sum(top, sum); }
};

}  // namespace rattan
