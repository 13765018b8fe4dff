#include "evaluate/key_distribution.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "evaluate/double_tile.h"

namespace rattan {
namespace {

constexpr std::size_t block_rows = 4096;
constexpr std::size_t tile_rows = 128;

// Adds up what `partial(begin, end)` gives for fixed blocks, in block order.
template <typename Partial>
std::vector<double> sum_blocks(Executor& executor, std::size_t rows, std::size_t size, const Partial& partial) {
  std::vector<std::vector<double>> sums((rows + block_rows - 1) / block_rows);
  parallel_blocks(executor, rows, block_rows,
                  [&](auto begin, auto end, unsigned) { sums[begin / block_rows] = partial(begin, end); });
  std::vector<double> total(size);
  for (const auto& sum : sums) {
    for (std::size_t i = 0; i < size; ++i) total[i] += sum[i];
  }
  return total;
}

}  // namespace

std::vector<double> mean_row(MatrixView matrix, Executor& executor) {
  const std::size_t dim = matrix.cols;
  auto mean = sum_blocks(executor, matrix.rows, dim, [&](std::size_t begin, std::size_t end) {
    WideningReader reader(matrix);
    std::vector<double> sum(dim);
    std::vector<double> row(dim);
    for (std::size_t i = begin; i < end; ++i) {
      reader.rows(i, 1, row.data());
      for (std::size_t c = 0; c < dim; ++c) sum[c] += row[c];
    }
    return sum;
  });
  for (double& x : mean) x /= static_cast<double>(std::max<std::size_t>(1, matrix.rows));
  return mean;
}

KeyDistribution::KeyDistribution(MatrixView keys, Executor& executor)
    : dim_(keys.cols), mean_(mean_row(keys, executor)) {
  factor_ = sum_blocks(executor, keys.rows, dim_ * dim_, [&](std::size_t begin, std::size_t end) {
    WideningReader reader(keys);
    std::vector<double> sum(dim_ * dim_);
    std::vector<double> rows(tile_rows * dim_);
    std::vector<double> columns(dim_ * tile_rows);
    for (std::size_t i = begin; i < end; i += tile_rows) {
      const std::size_t count = std::min(tile_rows, end - i);
      std::fill(rows.begin(), rows.end(), 0.0);
      reader.rows(i, count, rows.data());
      for (std::size_t r = 0; r < count; ++r) {
        for (std::size_t c = 0; c < dim_; ++c) rows[r * dim_ + c] -= mean_[c];
      }
      for (std::size_t c = 0; c < dim_; ++c) {
        for (std::size_t r = 0; r < tile_rows; ++r) columns[c * tile_rows + r] = rows[r * dim_ + c];
      }
      multiply_add(columns.data(), dim_, tile_rows, rows.data(), dim_, sum.data());
    }
    return sum;
  });

  double trace = 0;
  for (double& x : factor_) x /= static_cast<double>(keys.rows);
  for (std::size_t i = 0; i < dim_; ++i) trace += factor_[i * dim_ + i];
  degenerate_ = !(trace > 0);
  if (degenerate_) return;
  for (std::size_t i = 0; i < dim_; ++i) factor_[i * dim_ + i] += 1e-6 * trace / static_cast<double>(dim_);
  factorise();
}

// Cholesky-Banachiewicz. The ridge keeps every pivot positive; the floor guards against rounding alone.
void KeyDistribution::factorise() {
  for (std::size_t i = 0; i < dim_; ++i) {
    double* row = factor_.data() + i * dim_;
    const double floor = 1e-12 * row[i];
    for (std::size_t j = 0; j <= i; ++j) {
      const double* other = factor_.data() + j * dim_;
      double sum = row[j];
      for (std::size_t l = 0; l < j; ++l) sum -= row[l] * other[l];
      row[j] = i == j ? std::sqrt(std::max(sum, floor)) : sum / other[j];
    }
  }
}

double KeyDistribution::distance(const double* x) const {
  if (degenerate_) return 0;
  std::vector<double> solved(dim_);
  double squared = 0;
  for (std::size_t i = 0; i < dim_; ++i) {
    const double* row = factor_.data() + i * dim_;
    double sum = x[i] - mean_[i];
    for (std::size_t l = 0; l < i; ++l) sum -= row[l] * solved[l];
    solved[i] = sum / row[i];
    squared += solved[i] * solved[i];
  }
  return std::sqrt(squared);
}

}  // namespace rattan
