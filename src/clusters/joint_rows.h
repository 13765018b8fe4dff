// Keys and values side by side, scaled alike: what keys are clustered by. A cluster's estimate errs by how its keys'
// weights and values vary together, so that both must be close.
#pragma once

#include <cstddef>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"

namespace rattan {

// By row whether its square is at least 64 times the median: one key of 1,000 times the others' norm would leave these
// no difference, and is no part of what is usual.
std::vector<bool> unusual_rows(const MatrixView& rows);

class JointRows {
 public:
  // keys: [n, key dim], values: [n, value dim]; borrowed. Both are divided by the rms distance of their rows from their
  // mean, measured on evenly spaced usual rows; rows that are all equal become zeros.
  JointRows(MatrixView keys, MatrixView values);

  std::size_t cols() const noexcept { return keys_.cols + values_.cols; }

  // Rows begin, begin + step, ..., `count` of them, in fp32: [count, cols()].
  std::vector<float> rows(std::size_t begin, std::size_t count, std::size_t step, Executor& executor) const;

 private:
  MatrixView keys_;
  MatrixView values_;
  float key_factor_;
  float value_factor_;
};

}  // namespace rattan
