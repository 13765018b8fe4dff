#include "clusters/joint_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t sample = 8192;

simd::ToFloat converter(DType dtype) { return simd::kernels().widen(dtype); }

// 1 / rms distance from the mean row. In two passes: keys may lie far from zero and close together.
float unit_factor(MatrixView all) {
  const MatrixView rows = all.every(std::max<std::size_t>(1, all.rows / sample));
  const auto to_float = converter(rows.dtype);
  std::vector<float> row(rows.cols);
  std::vector<double> mean(rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    to_float(rows.row(i), rows.cols, row.data());
    for (std::size_t c = 0; c < rows.cols; ++c) mean[c] += static_cast<double>(row[c]);
  }
  for (double& x : mean) x /= static_cast<double>(rows.rows);
  std::vector<double> squares(rows.cols);  // by column: one sum would wait for each addition
  std::vector<double> sizes(rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    to_float(rows.row(i), rows.cols, row.data());
    for (std::size_t c = 0; c < rows.cols; ++c) {
      const auto x = static_cast<double>(row[c]);
      squares[c] += (x - mean[c]) * (x - mean[c]);
      sizes[c] += x * x;
    }
  }
  const double squared = std::accumulate(squares.begin(), squares.end(), 0.0);
  const double size = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  if (squared <= 1e-12 * size) return 0;  // equal but for the rounding of the mean
  return static_cast<float>(std::sqrt(static_cast<double>(rows.rows) / squared));
}

}  // namespace

JointRows::JointRows(MatrixView keys, MatrixView values)
    : keys_(keys), values_(values), key_factor_(unit_factor(keys)), value_factor_(unit_factor(values)) {}

std::vector<float> JointRows::rows(std::size_t begin, std::size_t count, std::size_t step, Executor& executor) const {
  std::vector<float> joint(count * cols());
  parallel_blocks(executor, count, 1024, [&](std::size_t first, std::size_t last, unsigned) {
    for (std::size_t i = first; i < last; ++i) {
      float* key = joint.data() + i * cols();
      float* value = key + keys_.cols;
      converter(keys_.dtype)(keys_.row(begin + i * step), keys_.cols, key);
      converter(values_.dtype)(values_.row(begin + i * step), values_.cols, value);
      for (std::size_t c = 0; c < keys_.cols; ++c) key[c] *= key_factor_;
      for (std::size_t c = 0; c < values_.cols; ++c) value[c] *= value_factor_;
    }
  });
  return joint;
}

}  // namespace rattan
