#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/log_sum_exp.h"
#include "rattan/attention.h"

namespace rattan {

void merge(AttentionPart& into, const AttentionPart& from) noexcept {
  if (!(from.lse > log_of_nothing)) return;
  if (!(into.lse > log_of_nothing)) {
    std::ranges::copy(from.output, into.output.begin());
    into.lse = from.lse;
    return;
  }
  // The larger one weighs 1 whatever it is: infinity less infinity never occurs.
  const float top = std::max(into.lse, from.lse);
  const auto weight = [top](float lse) { return lse == top ? 1.0 : std::exp(static_cast<double>(lse) - top); };
  const double sum = weight(into.lse) + weight(from.lse);
  const auto a = static_cast<float>(weight(into.lse) / sum);
  const auto b = static_cast<float>(weight(from.lse) / sum);
  for (std::size_t c = 0; c < into.output.size(); ++c) into.output[c] = a * into.output[c] + b * from.output[c];
  into.lse = static_cast<float>(log_sum(static_cast<double>(top), sum));
}

float lse_to_log2(float lse) noexcept { return static_cast<float>(lse * std::numbers::log2e); }

float lse_from_log2(float lse2) noexcept { return static_cast<float>(lse2 * std::numbers::ln2); }

}  // namespace rattan
