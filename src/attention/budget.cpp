#include "attention/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/running_softmax.h"
#include "core/check.h"

namespace rattan {

BudgetCut cut_to_mass(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  check_scale(scale);
  if (!(epsilon > 0 && epsilon < 1)) {
    fail(ErrorCode::invalid_argument, "epsilon is ", epsilon, ", allowed is inside (0, 1)");
  }
  const auto number = [](const char* name, float value) {
    if (!(value < infinity))
      fail(ErrorCode::invalid_argument, name, " is ", value, ", allowed is a number or -infinity");
    return static_cast<double>(value);
  };
  double top = std::max(number("window_lse", window_lse), number("unread_lse", unread_lse));
  for (const float score : scores) top = std::max(top, scale * number("a score", score));
  if (top == -infinity) return {};

  double all = std::exp(window_lse - top) + std::exp(unread_lse - top);
  for (const float score : scores) all += std::exp(scale * score - top);
  double left = std::exp(unread_lse - top);
  if (!(left < epsilon * all)) return {scores.size(), false};
  std::size_t keep = scores.size();
  while (keep > 0) {
    const double without = left + std::exp(scale * scores[keep - 1] - top);
    if (!(without < epsilon * all)) break;
    left = without;
    --keep;
  }
  return {keep, true};
}

}  // namespace rattan
