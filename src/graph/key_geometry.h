// How near two keys lie for the purpose of an edge: the cosine of the keys after the mean of all but the longest is
// taken away. Centring changes neither ranking nor softmax of any query, but raw inner products between keys are ruled
// by the mean.
#pragma once

#include <span>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan {

class KeyGeometry {
 public:
  KeyGeometry(MatrixView keys, Executor& executor);

  std::size_t keys() const noexcept { return keys_; }

  // similarity[i] = cosine of keys `from` and to[i]; a key that equals the mean has cosine 0 with all. `rows` is
  // scratch.
  void similarity(KeyId from, std::span<const KeyId> to, std::vector<const void*>& rows, float* similarity) const;

  // The centred, normalised keys as [n, d] fp32.
  MatrixView directions() const noexcept { return {directions_.data(), DType::f32, keys_, dim_}; }

 private:
  std::size_t keys_;
  std::size_t dim_;
  std::vector<float> directions_;
  simd::ScoreRows score_;
};

}  // namespace rattan
