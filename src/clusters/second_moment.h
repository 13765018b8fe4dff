// Mean of the outer products of many vectors with themselves.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rattan/matrix.h"

namespace rattan {

// Adds up x x^T in fp32 blocks and double-precision totals.
class SecondMoment {
 public:
  explicit SecondMoment(std::size_t dim);

  void add(std::span<const float> row);
  // The mean, [dim, dim], of the rows added so far; zeros for none.
  std::vector<double> mean();

 private:
  void flush();

  std::size_t dim_;
  std::size_t filled_ = 0;       // rows of the block
  std::size_t count_ = 0;        // rows in all
  std::vector<float> rows_;      // [block, dim]
  std::vector<float> columns_;   // [dim, block]: the same transposed, as weights
  std::vector<float> products_;  // [dim, dim]
  std::vector<double> total_;
};

}  // namespace rattan
