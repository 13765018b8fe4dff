#include "attention/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/running_softmax.h"
#include "core/check.h"

namespace rattan {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double number(const char* name, float value) {
  if (!(value < infinity)) fail(ErrorCode::invalid_argument, name, " is ", value, ", allowed is a number or -infinity");
  return static_cast<double>(value);
}

// Masses of window, unread keys and results, over the largest of them.
struct Masses {
  double top = -infinity;  // logarithm of what counts as 1
  double all = 0;
};

Masses masses_of(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon) {
  check_scale(scale);
  if (!(epsilon > 0 && epsilon < 1)) {
    fail(ErrorCode::invalid_argument, "epsilon is ", epsilon, ", allowed is inside (0, 1)");
  }
  Masses masses{.top = std::max(number("window_lse", window_lse), number("unread_lse", unread_lse))};
  for (const float score : scores) masses.top = std::max(masses.top, scale * number("a score", score));
  if (masses.top == -infinity) return masses;
  masses.all = std::exp(window_lse - masses.top) + std::exp(unread_lse - masses.top);
  for (const float score : scores) masses.all += std::exp(scale * score - masses.top);
  return masses;
}

// Leaves results out from the last while `left` and their weights to the power of `power` stay below `most`.
BudgetCut cut(std::span<const float> scores, double scale, double top, double left, double most, double power) {
  if (!(left < most)) return {scores.size(), false};
  std::size_t keep = scores.size();
  for (; keep > 0; --keep) {
    left += std::exp(power * (scale * scores[keep - 1] - top));
    if (!(left < most)) break;
  }
  return {keep, true};
}

}  // namespace

BudgetCut cut_to_mass(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon) {
  const Masses masses = masses_of(scores, scale, window_lse, unread_lse, epsilon);
  if (masses.top == -infinity) return {};
  return cut(scores, scale, masses.top, std::exp(unread_lse - masses.top), epsilon * masses.all, 1);
}

BudgetCut cut_to_doubt(std::span<const float> scores, double scale, float window_lse, float unread_lse, float doubt_lse,
                       double epsilon) {
  const Masses masses = masses_of(scores, scale, window_lse, unread_lse, epsilon);
  if (masses.top == -infinity) return {};
  const double most = epsilon * masses.all;
  return cut(scores, scale, masses.top, std::exp(2 * (number("doubt_lse", doubt_lse) - masses.top)), most * most, 2);
}

}  // namespace rattan
