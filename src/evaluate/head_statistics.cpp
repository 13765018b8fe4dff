#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include "core/check.h"
#include "core/median.h"
#include "core/parallel.h"
#include "evaluate/double_tile.h"
#include "evaluate/key_distribution.h"
#include "rattan/evaluate.h"

namespace rattan {
namespace {

constexpr std::size_t row_block = 8;
constexpr std::size_t key_tile = 128;
constexpr std::size_t best_keys = 100;
constexpr std::size_t measured_rows = 4096;

struct RowStatistics {
  double far_mass = 0;
  std::optional<double> n90;  // unset: the row sees no far key, or they hold no mass
  std::optional<double> top100;
};

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// How many of the largest weights it takes to reach `target`: quickselect by sum instead of by rank.
std::size_t count_to_reach(std::span<double> weights, double target) {
  std::size_t taken = 0;
  while (weights.size() > 1) {
    const double a = weights.front(), b = weights[weights.size() / 2], c = weights.back();
    const double pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
    const auto above = std::partition(weights.begin(), weights.end(), [&](double w) { return w > pivot; });
    const auto equal = std::partition(above, weights.end(), [&](double w) { return w == pivot; });
    const double above_sum = std::accumulate(weights.begin(), above, 0.0);
    const auto above_count = static_cast<std::size_t>(above - weights.begin());
    const auto equal_count = static_cast<std::size_t>(equal - above);
    if (above_sum >= target) {
      weights = weights.first(above_count);
      continue;
    }
    const double equal_sum = pivot * static_cast<double>(equal_count);
    if (above_sum + equal_sum >= target) {
      return taken + above_count + static_cast<std::size_t>(std::ceil((target - above_sum) / pivot));
    }
    taken += above_count + equal_count;
    target -= above_sum + equal_sum;
    weights = weights.subspan(above_count + equal_count);
  }
  return taken + weights.size();
}

// logits: those of all visible keys; overwritten. far: the range of far keys within them.
RowStatistics row_statistics(std::span<double> logits, std::size_t far_begin, std::size_t far_end) {
  const double max = *std::max_element(logits.begin(), logits.end());
  double all = 0;
  for (double& x : logits) {
    x = std::exp(x - max);
    all += x;
  }
  RowStatistics row;
  if (far_begin >= far_end) return row;
  const auto far = logits.subspan(far_begin, far_end - far_begin);
  const double far_sum = std::accumulate(far.begin(), far.end(), 0.0);
  row.far_mass = far_sum / all;
  if (far_sum == 0) return row;

  const auto best = far.begin() + static_cast<std::ptrdiff_t>(std::min(best_keys, far.size()));
  if (best != far.end()) std::nth_element(far.begin(), best, far.end(), std::greater<>());
  row.top100 = std::accumulate(far.begin(), best, 0.0) / far_sum;
  row.n90 = static_cast<double>(count_to_reach(far, 0.9 * far_sum));
  return row;
}

struct Setting {
  MatrixView queries;
  MatrixView keys;
  std::span<const std::int64_t> positions;
  std::size_t sinks;
  std::int64_t recent;
  double scale;

  std::size_t visible(std::size_t row) const { return static_cast<std::size_t>(positions[row]) + 1; }
  // The first key after the far ones: far keys have id + recent <= position.
  std::size_t far_end(std::size_t row) const {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, positions[row] - recent + 1));
  }
};

void check_setting(const Setting& setting) {
  const auto invalid = ErrorCode::invalid_argument;
  if (setting.queries.cols != setting.keys.cols) {
    fail(invalid, "queries have dim ", setting.queries.cols, ", keys have dim ", setting.keys.cols);
  }
  if (setting.positions.size() != setting.queries.rows) {
    fail(invalid, "positions has ", setting.positions.size(), " entries, queries have ", setting.queries.rows, " rows");
  }
  for (const std::int64_t position : setting.positions) {
    if (position < 0 || static_cast<std::uint64_t>(position) >= setting.keys.rows) {
      fail(invalid, "position is ", position, ", allowed is 0 to ", setting.keys.rows, " - 1");
    }
  }
  if (!std::isfinite(setting.scale)) fail(invalid, "scale is ", setting.scale, ", allowed is a finite number");
}

void measure_rows(const Setting& setting, std::size_t begin, std::size_t end, RowStatistics* out) {
  const std::size_t rows = end - begin;
  const std::size_t dim = setting.keys.cols;
  std::size_t limit = 0;
  for (std::size_t row = begin; row < end; ++row) limit = std::max(limit, setting.visible(row));

  std::vector<double> queries(rows * dim);
  WideningReader(setting.queries).rows(begin, rows, queries.data());
  for (double& x : queries) x *= setting.scale;
  WideningReader reader(setting.keys);
  std::vector<double> columns(dim * key_tile);
  std::vector<double> tile(rows * key_tile);
  std::vector<double> logits(rows * limit);
  for (std::size_t key = 0; key < limit; key += key_tile) {
    const std::size_t count = std::min(key_tile, limit - key);
    reader.columns(key, count, columns.data(), key_tile);
    std::fill(tile.begin(), tile.end(), 0.0);
    multiply_add(queries.data(), rows, dim, columns.data(), key_tile, tile.data());
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(&tile[i * key_tile], count, &logits[i * limit + key]);
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const auto seen = std::span(logits).subspan(i * limit, setting.visible(begin + i));
    if (!std::isfinite(std::accumulate(seen.begin(), seen.end(), 0.0))) {
      fail(ErrorCode::invalid_argument, "queries row ", begin + i, " or the keys hold NaN or infinity");
    }
    out[i] = row_statistics(seen, setting.sinks, setting.far_end(begin + i));
  }
}

double median_distance(const KeyDistribution& distribution, MatrixView matrix) {
  const MatrixView sample = matrix.every(std::max<std::size_t>(1, (matrix.rows + measured_rows - 1) / measured_rows));
  WideningReader reader(sample);
  std::vector<double> row(sample.cols);
  std::vector<double> distances(sample.rows);
  for (std::size_t i = 0; i < sample.rows; ++i) {
    reader.rows(i, 1, row.data());
    distances[i] = distribution.distance(row.data());
  }
  return median(std::move(distances));
}

double rms_norm(MatrixView matrix) {
  WideningReader reader(matrix);
  std::vector<double> row(matrix.cols);
  double sum = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    reader.rows(i, 1, row.data());
    sum += std::inner_product(row.begin(), row.end(), row.begin(), 0.0);
  }
  return matrix.rows == 0 ? 0 : std::sqrt(sum / static_cast<double>(matrix.rows));
}

double norm(std::span<const double> x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }

void measure_distances(const Setting& setting, Executor& executor, HeadStatistics& result) {
  const KeyDistribution distribution(setting.keys, executor);
  result.mahalanobis_queries = median_distance(distribution, setting.queries);
  result.mahalanobis_keys = median_distance(distribution, setting.keys);
  result.query_norm = rms_norm(setting.queries);
  result.key_norm = rms_norm(setting.keys);

  const std::vector<double> mean_query = mean_row(setting.queries, executor);
  const auto mean_key = distribution.mean();
  const double norms = norm(mean_query) * norm(mean_key);
  const double product = std::inner_product(mean_query.begin(), mean_query.end(), mean_key.begin(), 0.0);
  result.mean_cosine = norms > 0 ? product / norms : 0;
  result.concentration = result.query_norm > 0 ? norm(mean_query) / result.query_norm : 0;
}

}  // namespace

HeadStatistics head_statistics(MatrixView queries, MatrixView keys, std::span<const std::int64_t> positions,
                               std::uint32_t sinks, std::uint32_t recent, double scale, Executor* executor) {
  const Setting setting{queries, keys, positions, sinks, recent, scale};
  check_setting(setting);
  HeadStatistics result;
  if (queries.rows == 0) return result;

  Executor& runner = executor_or_default(executor);
  std::vector<RowStatistics> rows(queries.rows);
  parallel_blocks(runner, queries.rows, row_block,
                  [&](auto begin, auto end, unsigned) { measure_rows(setting, begin, end, rows.data() + begin); });
  std::vector<double> far_mass, n90, top100;
  for (const RowStatistics& row : rows) {
    far_mass.push_back(row.far_mass);
    if (row.n90) n90.push_back(*row.n90);
    if (row.top100) top100.push_back(*row.top100);
  }
  result.far_mass = mean(far_mass);
  result.n90 = median(std::move(n90));
  result.top100 = mean(top100);
  measure_distances(setting, runner, result);
  return result;
}

}  // namespace rattan
