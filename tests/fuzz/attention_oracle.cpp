#include "tests/fuzz/attention_oracle.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace rattan::fuzz {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

// rattan/attention.h bounds one part; here several were merged.
void set_tolerances(ExactAttention& exact, std::size_t tokens, std::size_t key_dim, double magnitude, double logit,
                    const Scaling& scaling) {
  const double of_scores = 4 * static_cast<double>(key_dim) * 0x1p-24 * scaling.scale * magnitude;
  const double of_scaling = (logit + scaling.cap) * 0x1p-20;
  const double of_logits = of_scores + of_scaling;
  const double of_sums = (static_cast<double>(tokens) / 256 + 512) * 0x1p-22;
  const double lse = exact.lse == nothing ? 0 : std::abs(exact.lse);
  exact.lse_tolerance = of_logits + 0x1p-18 * (1 + lse);
  exact.output_tolerance = (std::min(2.0, std::expm1(std::min(2 * of_logits, 2.0))) + of_sums) * exact.largest_value +
                           std::numeric_limits<float>::min();
}

}  // namespace

ExactAttention exact_attention(const float* query, std::size_t tokens, std::size_t key_dim, const float* keys,
                               std::size_t value_dim, const float* values, const Scaling& scaling,
                               std::span<double> output) {
  ExactAttention exact;
  exact.largest_logit = exact.newest_logit = nothing;
  std::vector<double> logits(tokens);
  double most_magnitude = 0;
  double most_logit = std::isfinite(scaling.sink) ? std::abs(scaling.sink) : 0;
  for (std::size_t t = 0; t < tokens; ++t) {
    double score = 0;
    double magnitude = 0;
    for (std::size_t c = 0; c < key_dim; ++c) {
      const double product = static_cast<double>(query[c]) * static_cast<double>(keys[t * key_dim + c]);
      score += product;
      magnitude += std::abs(product);
    }
    most_magnitude = std::max(most_magnitude, magnitude);
    most_logit = std::max(most_logit, scaling.scale * std::abs(score));
    logits[t] = scaling.scale * score;
    if (scaling.cap > 0) logits[t] = scaling.cap * std::tanh(logits[t] / scaling.cap);
    exact.largest_logit = std::max(exact.largest_logit, logits[t]);
    exact.newest_logit = logits[t];
  }
  const double top = std::max(exact.largest_logit, scaling.sink);
  std::fill(output.begin(), output.end(), 0.0);
  double sum = scaling.sink == nothing ? 0 : std::exp(scaling.sink - top);
  for (std::size_t t = 0; t < tokens; ++t) {
    const double weight = std::exp(logits[t] - top);
    sum += weight;
    for (std::size_t c = 0; c < value_dim; ++c) {
      const double value = static_cast<double>(values[t * value_dim + c]);
      output[c] += weight * value;
      exact.largest_value = std::max(exact.largest_value, std::abs(value));
    }
  }
  exact.lse = top == nothing ? nothing : top + std::log(sum);
  for (double& x : output) x = top == nothing ? 0 : x / sum;
  set_tolerances(exact, tokens, key_dim, most_magnitude, most_logit, scaling);
  return exact;
}

}  // namespace rattan::fuzz
