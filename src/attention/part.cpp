#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"
#include "core/log_sum_exp.h"
#include "rattan/attention.h"

namespace rattan {

namespace {

// -infinity, and +infinity where FlashAttention 2 made the part: no logits of keys add up to it.
bool is_empty(const char* name, float lse) {
  if (std::isnan(lse)) {
    fail(ErrorCode::invalid_argument, name, " is nan, allowed is a number, or an infinity for a part without keys");
  }
  return std::isinf(lse);
}

}  // namespace

void merge(AttentionPart& into, const AttentionPart& from) {
  const bool nothing_there = is_empty("lse of the part merged into", into.lse);
  const bool nothing_new = is_empty("lse of the part merged", from.lse);
  if (into.output.size() != from.output.size()) {
    fail(ErrorCode::invalid_argument, "outputs of merged parts have ", into.output.size(), " and ", from.output.size(),
         " elements, allowed is one number of them");
  }
  if (nothing_there && nothing_new) {
    if (into.lse > 0) std::ranges::fill(into.output, 0.0F);
    into.lse = log_of_nothing;
    return;
  }
  if (nothing_new) return;
  if (nothing_there) {
    std::ranges::copy(from.output, into.output.begin());
    into.lse = from.lse;
    return;
  }
  const float top = std::max(into.lse, from.lse);
  const auto weight = [top](float lse) { return std::exp(static_cast<double>(lse) - static_cast<double>(top)); };
  const double sum = weight(into.lse) + weight(from.lse);
  const auto a = static_cast<float>(weight(into.lse) / sum);
  const auto b = static_cast<float>(weight(from.lse) / sum);
  for (std::size_t c = 0; c < into.output.size(); ++c) into.output[c] = a * into.output[c] + b * from.output[c];
  into.lse = static_cast<float>(log_sum(static_cast<double>(top), sum));
}

float lse_to_log2(float lse) noexcept { return static_cast<float>(lse * std::numbers::log2e); }

float lse_from_log2(float lse2) noexcept { return static_cast<float>(lse2 * std::numbers::ln2); }

}  // namespace rattan
