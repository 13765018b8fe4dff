#include "scan/tile_bound.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "core/half.h"
#include "core/parallel.h"

namespace rattan {

KeyNorms key_norms(const Scorer& scorer, std::size_t begin, std::size_t count, Executor& executor) {
  const MatrixView keys = scorer.keys().base;
  const simd::ToFloat to_float = scorer.kernels().widen(keys.dtype);
  const simd::ScoreRows inner_product = scorer.kernels().score(Metric::inner_product, DType::f32);
  constexpr std::size_t block = 1024;

  KeyNorms norms;
  if (scorer.metric() == Metric::l2) norms.column.resize(count);
  const bool rounds = scorer.metric() == Metric::inner_product && keys.dtype != DType::bf16;
  std::vector<float> largest((count + block - 1) / block, 0.0F);
  std::vector<double> residuals(largest.size(), 0.0);
  parallel_blocks(executor, count, block, [&](std::size_t first, std::size_t last, unsigned) {
    std::vector<float> key(keys.cols);
    const void* row = key.data();
    for (std::size_t i = first; i < last; ++i) {
      to_float(keys.row(begin + i), keys.cols, key.data());
      float square = 0;
      inner_product(key.data(), 1, &row, 1, keys.cols, &square, 1);
      largest[first / block] = std::max(largest[first / block], square);
      if (!norms.column.empty()) norms.column[i] = -0.5F * square;
      if (rounds) residuals[first / block] = std::max(residuals[first / block], bf16_residual(key));
    }
  });
  for (const double residual : residuals) norms.max_residual = std::max(norms.max_residual, residual);
  for (const float square : largest) norms.max_norm = std::max(norms.max_norm, std::sqrt(static_cast<double>(square)));
  return norms;
}

double tile_error(double query_norm, double max_key_norm, std::size_t dim, Metric metric) noexcept {
  constexpr double unit = 0x1p-24;
  constexpr double slack = 1.5;  // for the denominators 1 - d * u and the rounding of the norms
  // What a product or an operand loses where the caller's floating-point mode flushes subnormals to zero.
  const double flushed = static_cast<double>(std::numeric_limits<float>::min()) * (1 + query_norm + max_key_norm);
  const double products = query_norm * max_key_norm;
  const double sum = query_norm + max_key_norm;

  // Inner product: both kernels are within the bound of the true value. L2: the tile's sum of products and |k|^2 / 2,
  // the rounding of |k|^2 / 2, and half the row kernel's sum of squares, which is at most (|q| + |k|)^2.
  const double magnitude =
      metric == Metric::inner_product ? 2 * products : products + max_key_norm * max_key_norm + 0.5 * sum * sum;
  const double largest = metric == Metric::inner_product ? products : sum * sum;
  const double count = static_cast<double>(dim) + 8;
  if (!(largest < std::numeric_limits<float>::max() / 4) || count > 0x1p22) {
    return std::numeric_limits<double>::infinity();
  }
  return slack * count * (unit * magnitude + flushed);
}

// Independent sums, so that additions need not wait for one another.
double bf16_residual(std::span<const float> row) noexcept {
  constexpr std::size_t sums = 8;
  double square[sums] = {};
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto residual = static_cast<double>(row[i] - from_bf16(to_bf16(row[i])));
    square[i % sums] += residual * residual;
  }
  return std::sqrt(std::accumulate(std::begin(square), std::end(square), 0.0));
}

double bf16_tile_error(double query_norm, double query_residual, const KeyNorms& keys, std::size_t dim) noexcept {
  // Elements above the largest bf16 round to infinity.
  constexpr double largest_element = 1e38;
  if (!(query_norm < largest_element && keys.max_norm < largest_element)) {
    return std::numeric_limits<double>::infinity();
  }
  constexpr double slack = 1.01;  // for the rounding of the norms and residuals
  const double rounded_query = query_norm + query_residual;
  const double inputs = query_residual * keys.max_norm + rounded_query * keys.max_residual;
  return slack * inputs + tile_error(rounded_query, keys.max_norm + keys.max_residual, dim, Metric::inner_product);
}

}  // namespace rattan
