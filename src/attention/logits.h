// How scores become the logits of a softmax.
#pragma once

#include <span>

#include "simd/kernels.h"

namespace rattan {

// scale * score, and under a cap (Gemma 2, arXiv 2408.00118) cap * tanh(scale * score / cap). A cap keeps the order of
// scores. It is taken in units of scores and as early as can be: what comes behind works with capped scores as with
// others, and multiplies them by the scale alone.
struct Logits {
  Logits(double scale_ = 1, double cap = 0)  // NOLINT(google-explicit-constructor): most have no cap
      : scale(scale_), score_cap(static_cast<float>(cap / scale_)) {}

  double scale;     // above 0
  float score_cap;  // 0: none

  bool capped() const noexcept { return score_cap != 0; }
  void cap_scores(std::span<float> scores) const {
    if (capped()) simd::kernels().soft_cap(scores.data(), scores.size(), score_cap);
  }
};

}  // namespace rattan
