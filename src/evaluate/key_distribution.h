// Mean and covariance of the keys in float64, and Mahalanobis distances to them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"

namespace rattan {

class KeyDistribution {
 public:
  // All rows of `keys` (at least one). The covariance is divided by the number of rows; a ridge of 1e-6 of its mean
  // eigenvalue is added. The same bits for any number of threads.
  KeyDistribution(MatrixView keys, Executor& executor);

  std::span<const double> mean() const noexcept { return mean_; }

  // Mahalanobis distance of `x` (dim elements); 0 for every x where all keys are equal.
  double distance(const double* x) const;

 private:
  void factorise();

  std::size_t dim_;
  std::vector<double> mean_;
  std::vector<double> factor_;  // the covariance, then its lower Cholesky factor in place, dim x dim
  bool degenerate_ = false;
};

// Mean of all rows.
std::vector<double> mean_row(MatrixView matrix, Executor& executor);

}  // namespace rattan
