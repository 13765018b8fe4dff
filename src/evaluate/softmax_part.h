// A float64 softmax over some keys, kept unnormalised so that parts over disjoint keys can be merged.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/log_sum_exp.h"

namespace rattan {

// weights are exp(logit - max); sum adds them, output adds weight * value row. No keys: max = -infinity, sum = 0.
struct SoftmaxPart {
  double max = static_cast<double>(log_of_nothing);
  double sum = 0;
  std::vector<double> output;

  // Natural logarithm of the sum of exp(logit); and the attention output, zeros without keys.
  double lse() const noexcept { return log_sum(max, sum); }
  double normalised(std::size_t c) const noexcept { return sum == 0 ? 0 : output[c] / sum; }

  explicit SoftmaxPart(std::size_t value_dim = 0) : output(value_dim) {}

  // Makes room for logits up to `logit`, so that every later weight is at most 1.
  void raise_max(double logit) {
    if (logit <= max) return;
    scale(std::exp(max - logit));
    max = logit;
  }

  void merge(const SoftmaxPart& other) {
    if (other.sum == 0) return;
    raise_max(other.max);
    const double factor = std::exp(other.max - max);
    sum += factor * other.sum;
    for (std::size_t c = 0; c < output.size(); ++c) output[c] += factor * other.output[c];
  }

 private:
  // The first keys find nothing to scale; exp(-infinity) is then 0 as well.
  void scale(double factor) {
    sum *= factor;
    std::transform(output.begin(), output.end(), output.begin(), [factor](double x) { return x * factor; });
  }
};

}  // namespace rattan
