#include "attention/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/running_softmax.h"
#include "core/check.h"
#include "core/log_sum_exp.h"
#include "rattan/attention.h"

namespace rattan {

namespace {

constexpr std::uint32_t largest_k = 1U << 20;
constexpr double infinity = std::numeric_limits<double>::infinity();

double number(const char* name, float value) {
  if (!(value < infinity)) fail(ErrorCode::invalid_argument, name, " is ", value, ", allowed is a number or -infinity");
  return static_cast<double>(value);
}

// Of window, unread keys and results.
LogSumExp all_masses(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon) {
  check_scale(scale);
  if (!(epsilon > 0 && epsilon < 1)) {
    fail(ErrorCode::invalid_argument, "epsilon is ", epsilon, ", allowed is inside (0, 1)");
  }
  LogSumExp masses;
  masses.reach(number("window_lse", window_lse));
  masses.reach(number("unread_lse", unread_lse));
  for (const float score : scores) masses.reach(scale * number("a score", score));
  if (masses.empty()) return masses;
  masses.add(static_cast<double>(window_lse));
  masses.add(static_cast<double>(unread_lse));
  for (const float score : scores) masses.add(scale * static_cast<double>(score));
  return masses;
}

// Leaves results out from the last while what is unread, and their weights to the power of `power`, stay below what may
// be unread where that many are kept.
template <typename Most>
BudgetCut cut(std::span<const float> scores, double scale, double top, double unread, double power, const Most& most) {
  if (!(unread < most(scores.size()))) return {scores.size(), false};
  std::size_t keep = scores.size();
  for (; keep > 0; --keep) {
    unread += std::exp(power * (scale * scores[keep - 1] - top));
    if (!(unread < most(keep - 1))) break;
  }
  return {keep, true};
}

// How many results will do where `found` leave `excess` times too much unread: the error falls about as the root of
// their number, and what may be unread grows with it.
std::size_t wanted_for_uncertainty(std::size_t found, double excess) {
  constexpr double margin = 1.1;  // a second widening costs more than a few keys
  constexpr double largest = 1e9;
  const double count = static_cast<double>(std::max<std::size_t>(found, 1));
  return static_cast<std::size_t>(std::min(largest, margin * count * std::pow(excess, 2.0 / 3)));
}

}  // namespace

void Budget::validate() const {
  check_range<std::uint32_t>("Budget::k", k, 1, largest_k);
  if (epsilon && !(*epsilon > 0 && *epsilon < 1)) {
    fail(ErrorCode::invalid_argument, "Budget::epsilon is ", *epsilon, ", allowed is above 0 and below 1");
  }
  if (epsilon) check_range<std::uint32_t>("Budget::most_k", most_k, k, largest_k);
}

BudgetCut cut_to_mass(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon) {
  const LogSumExp masses = all_masses(scores, scale, window_lse, unread_lse, epsilon);
  if (masses.empty()) return {};
  const double most = epsilon * masses.sum;
  BudgetCut mass = cut(scores, scale, masses.top, masses.part(static_cast<double>(unread_lse)), 1,
                       [&](std::size_t) { return most; });
  // The first search is as wide as such queries needed at the build: one that needs more seldom needs far more.
  if (!mass.enough) mass.wanted = 2 * scores.size();
  return mass;
}

BudgetCut cut_to_uncertainty(std::span<const float> scores, double scale, float window_lse, float unread_lse,
                             float uncertainty_lse, double epsilon, std::size_t least) {
  const LogSumExp masses = all_masses(scores, scale, window_lse, unread_lse, epsilon);
  if (masses.empty()) return {};
  const auto most = [&](std::size_t keep) {
    return std::pow(epsilon * masses.sum * static_cast<double>(keep) / static_cast<double>(least), 2);
  };
  const double unread = std::exp(2 * (number("uncertainty_lse", uncertainty_lse) - masses.top));
  BudgetCut uncertainty = cut(scores, scale, masses.top, unread, 2, most);
  if (!uncertainty.enough)
    uncertainty.wanted = wanted_for_uncertainty(scores.size(), std::sqrt(unread / most(scores.size())));
  return uncertainty;
}

}  // namespace rattan
