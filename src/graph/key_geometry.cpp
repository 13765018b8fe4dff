#include "graph/key_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/median.h"
#include "core/parallel.h"

namespace rattan {
namespace {

constexpr std::size_t block_rows = 1024;

double squared_norm(const float* row, std::size_t dim) {
  double squares = 0;
  for (std::size_t c = 0; c < dim; ++c) squares += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  return squares;
}

// Rows of more than 8 times the median norm are left out of the mean: one of 1,000 times would turn all others its way.
double longest_usual(const std::vector<float>& rows, std::size_t dim) {
  constexpr std::size_t sampled = 1024;
  const std::size_t keys = rows.size() / dim;
  const std::size_t step = std::max<std::size_t>(1, keys / sampled);
  std::vector<double> squares;
  for (std::size_t i = 0; i < keys; i += step) squares.push_back(squared_norm(rows.data() + i * dim, dim));
  const double usual = upper_median(squares);
  return usual > 0 ? 64 * usual : std::numeric_limits<double>::infinity();
}

// Block sums in double, added in block order: the mean does not depend on the executor.
std::vector<double> mean_row(const std::vector<float>& rows, std::size_t dim, Executor& executor) {
  const double longest = longest_usual(rows, dim);
  const std::size_t keys = rows.size() / dim;
  const std::size_t blocks = (keys + block_rows - 1) / block_rows;
  std::vector<double> sums(blocks * dim, 0.0);
  std::vector<std::size_t> counts(blocks, 0);
  parallel_blocks(executor, keys, block_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    double* sum = sums.data() + begin / block_rows * dim;
    for (std::size_t i = begin; i < end; ++i) {
      if (squared_norm(rows.data() + i * dim, dim) > longest) continue;
      ++counts[begin / block_rows];
      for (std::size_t c = 0; c < dim; ++c) sum[c] += static_cast<double>(rows[i * dim + c]);
    }
  });
  std::vector<double> mean(dim, 0.0);
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t c = 0; c < dim; ++c) mean[c] += sums[block * dim + c];
  }
  const auto count = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  for (double& value : mean) value /= static_cast<double>(count);
  return mean;
}

// Centred in double: squares of fp32 keys overflow fp32 long before the keys do.
void centre_and_normalise(float* row, const std::vector<double>& mean) {
  double squares = 0;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const double centred = static_cast<double>(row[c]) - mean[c];
    squares += centred * centred;
  }
  const double scale = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    row[c] = static_cast<float>((static_cast<double>(row[c]) - mean[c]) * scale);
  }
}

}  // namespace

KeyGeometry::KeyGeometry(MatrixView keys, Executor& executor)
    : keys_(keys.rows),
      dim_(keys.cols),
      directions_(keys.rows * keys.cols),
      score_(simd::kernels().score(Metric::inner_product, DType::f32)) {
  if (keys_ == 0) return;
  const auto to_float = simd::kernels().widen(keys.dtype);
  parallel_blocks(executor, keys_, block_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) to_float(keys.row(i), dim_, directions_.data() + i * dim_);
  });
  const std::vector<double> mean = mean_row(directions_, dim_, executor);
  parallel_blocks(executor, keys_, block_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) centre_and_normalise(directions_.data() + i * dim_, mean);
  });
}

void KeyGeometry::similarity(KeyId from, std::span<const KeyId> to, std::vector<const void*>& rows,
                             float* similarity) const {
  rows.resize(to.size());
  for (std::size_t i = 0; i < to.size(); ++i) rows[i] = directions_.data() + std::size_t{to[i]} * dim_;
  score_(directions_.data() + std::size_t{from} * dim_, 1, rows.data(), rows.size(), dim_, similarity, rows.size());
}

}  // namespace rattan
