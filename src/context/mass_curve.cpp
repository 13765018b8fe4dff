#include "context/mass_curve.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "context/held_out_scores.h"
#include "core/median.h"

namespace rattan {
namespace {

using Counts = std::array<std::uint32_t, MassCurve::epsilons.size()>;

// weights: of the searched keys, descending; window: sum of all others'.
Counts count_needed(std::span<const double> weights, double window) {
  double total = window;
  for (const double weight : weights) total += weight;
  Counts needed{};
  double unread = 0;
  std::size_t k = weights.size();
  for (std::size_t i = MassCurve::epsilons.size(); i-- > 0;) {  // from the smallest epsilon: most keys
    while (k > 0 && unread + weights[k - 1] < MassCurve::epsilons[i] * total) unread += weights[--k];
    needed[i] = static_cast<std::uint32_t>(std::max<std::size_t>(k, 1));
  }
  return needed;
}

Counts measure_row(std::span<const float> scores, IdRange indexed, double scale) {
  const double most = *std::max_element(scores.begin(), scores.end());
  const auto weight = [&](float score) { return std::exp(scale * (static_cast<double>(score) - most)); };
  const auto begin = std::min<std::size_t>(indexed.begin, scores.size());
  const auto end = std::min<std::size_t>(indexed.end, scores.size());
  std::vector<double> searched(end - begin);
  std::transform(scores.begin() + static_cast<std::ptrdiff_t>(begin), scores.begin() + static_cast<std::ptrdiff_t>(end),
                 searched.begin(), weight);
  std::sort(searched.begin(), searched.end(), std::greater<>());
  double window = 0;
  for (std::size_t i = 0; i < begin; ++i) window += weight(scores[i]);
  for (std::size_t i = end; i < scores.size(); ++i) window += weight(scores[i]);
  return count_needed(searched, window);
}

}  // namespace

std::uint32_t MassCurve::keys_for(double epsilon) const noexcept {
  for (std::size_t i = 0; i < epsilons.size(); ++i) {
    if (epsilons[i] <= epsilon) return keys[i];
  }
  return keys.back();
}

MassCurve measure_mass(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys, IdRange indexed,
                       const Logits& logits, Executor& executor) {
  MassCurve curve;
  if (positions.empty() || keys.rows == 0 || indexed.begin >= indexed.end) return curve;
  std::vector<Counts> counts(positions.size());
  each_held_out(queries, positions, keys, logits, executor,
                [&](std::size_t group, MatrixView rows, std::span<const float> scores, std::size_t visible) {
                  for (std::size_t head = 0; head < rows.rows; ++head) {
                    const Counts needed = measure_row(scores.subspan(head * visible, visible), indexed, logits.scale);
                    for (std::size_t i = 0; i < needed.size(); ++i) {
                      counts[group][i] = std::max(counts[group][i], needed[i]);
                    }
                  }
                });
  std::vector<std::uint32_t> column(counts.size());
  for (std::size_t i = 0; i < curve.keys.size(); ++i) {
    std::transform(counts.begin(), counts.end(), column.begin(), [&](const Counts& most) { return most[i]; });
    curve.keys[i] = upper_median(column);
  }
  return curve;
}

}  // namespace rattan
