#include "clusters/joint_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/median.h"
#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t sample = 8192;
constexpr float largest = 1e15F;  // whose squared differences fp32 can add up

simd::ToFloat converter(DType dtype) { return simd::kernels().widen(dtype); }

// 1 / rms distance from the mean row. In two passes: keys may lie far from zero and close together.
float unit_factor(MatrixView all) {
  const MatrixView rows = all.every(std::max<std::size_t>(1, all.rows / sample));
  const std::vector<bool> unusual = unusual_rows(rows);
  const auto usual = static_cast<double>(std::ranges::count(unusual, false));
  const auto to_float = converter(rows.dtype);
  std::vector<float> row(rows.cols);
  std::vector<double> mean(rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (unusual[i]) continue;
    to_float(rows.row(i), rows.cols, row.data());
    for (std::size_t c = 0; c < rows.cols; ++c) mean[c] += static_cast<double>(row[c]);
  }
  for (double& x : mean) x /= usual;
  std::vector<double> squares(rows.cols);  // by column: one sum would wait for each addition
  std::vector<double> sizes(rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (unusual[i]) continue;
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
  const double factor = std::sqrt(usual / squared);
  return static_cast<float>(std::min<double>(factor, std::numeric_limits<float>::max()));
}

}  // namespace

std::vector<bool> unusual_rows(const MatrixView& rows) {
  const auto to_float = converter(rows.dtype);
  std::vector<float> row(rows.cols);
  std::vector<double> squares(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    to_float(rows.row(i), rows.cols, row.data());
    for (const float x : row) squares[i] += static_cast<double>(x) * static_cast<double>(x);
  }
  std::vector<bool> unusual(rows.rows);
  if (rows.rows == 0) return unusual;
  std::vector<double> sorted(squares);
  const double limit = 64 * upper_median(sorted);
  for (std::size_t i = 0; i < rows.rows; ++i) unusual[i] = limit > 0 && squares[i] >= limit;
  return unusual;
}

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
      for (std::size_t c = 0; c < keys_.cols; ++c) key[c] = std::clamp(key[c] * key_factor_, -largest, largest);
      for (std::size_t c = 0; c < values_.cols; ++c) value[c] = std::clamp(value[c] * value_factor_, -largest, largest);
    }
  });
  return joint;
}

}  // namespace rattan
