#include "bench/measure/ood.h"

#include <algorithm>
#include <cmath>

#include "bench/measure/latency.h"
#include "core/random.h"
#include "evaluate/key_distribution.h"
#include "simd/kernels.h"

namespace rattan::bench {
namespace {

constexpr std::size_t distance_queries = 1024;
constexpr std::size_t distance_keys = 2048;
constexpr std::size_t plane_points = 240;
constexpr int power_iterations = 60;

// `count` evenly spaced rows (all where there are fewer) as double, one after the other.
std::vector<double> sample_rows(const MatrixView& matrix, std::size_t count) {
  count = std::min(count, matrix.rows);
  const simd::ToFloat to_float = simd::kernels().widen(matrix.dtype);
  std::vector<float> row(matrix.cols);
  std::vector<double> rows;
  rows.reserve(count * matrix.cols);
  for (std::size_t i = 0; i < count; ++i) {
    to_float(matrix.row(i * matrix.rows / count), matrix.cols, row.data());
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

std::vector<double> sample_queries(const datasets::KvGroup& group, std::size_t per_head) {
  std::vector<double> all;
  for (const SharedMatrix& queries : group.decode_queries) {
    const std::vector<double> rows = sample_rows(queries.view, per_head);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

std::vector<double> distance_quantiles(const KeyDistribution& keys, const std::vector<double>& points,
                                       std::size_t dim) {
  std::vector<double> distances;
  for (std::size_t at = 0; at < points.size(); at += dim) distances.push_back(keys.distance(points.data() + at));
  std::vector<double> quantiles;
  if (distances.empty()) return quantiles;
  for (const double share : {0.05, 0.25, 0.5, 0.75, 0.95}) quantiles.push_back(quantile(distances, share));
  return quantiles;
}

std::vector<double> centred(std::vector<double> points, std::size_t rows, std::size_t dim) {
  for (std::size_t c = 0; c < dim; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < rows; ++i) sum += points[i * dim + c];
    for (std::size_t i = 0; i < rows; ++i) points[i * dim + c] -= sum / static_cast<double>(rows);
  }
  return points;
}

std::vector<double> project(const std::vector<double>& points, std::size_t rows, const std::vector<double>& axis) {
  std::vector<double> coordinates(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < axis.size(); ++c) coordinates[i] += points[i * axis.size() + c] * axis[c];
  }
  return coordinates;
}

// Power iteration on the covariance, without forming it.
std::vector<double> strongest_axis(const std::vector<double>& points, std::size_t rows, std::size_t dim) {
  std::vector<double> axis(dim);
  for (std::size_t c = 0; c < dim; ++c) axis[c] = random_normal(1, c);
  for (int round = 0; round < power_iterations; ++round) {
    const std::vector<double> coordinates = project(points, rows, axis);
    std::vector<double> next(dim);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t c = 0; c < dim; ++c) next[c] += coordinates[i] * points[i * dim + c];
    }
    double norm = 0;
    for (const double value : next) norm += value * value;
    if (norm == 0) return std::vector<double>(dim);
    for (double& value : next) value /= std::sqrt(norm);
    axis = std::move(next);
  }
  return axis;
}

void remove_axis(std::vector<double>& points, const std::vector<double>& coordinates, const std::vector<double>& axis) {
  for (std::size_t i = 0; i < coordinates.size(); ++i) {
    for (std::size_t c = 0; c < axis.size(); ++c) points[i * axis.size() + c] -= coordinates[i] * axis[c];
  }
}

void fix_sign(std::vector<double>& coordinates) {
  const auto first = std::find_if(coordinates.begin(), coordinates.end(), [](double v) { return v != 0; });
  if (first == coordinates.end() || *first > 0) return;
  for (double& value : coordinates) value = -value;
}

}  // namespace

std::vector<double> principal_plane(const std::vector<double>& points, std::size_t rows, std::size_t dim) {
  std::vector<double> rest = centred(points, rows, dim);
  std::vector<double> plane(2 * rows);
  for (std::size_t direction = 0; direction < 2; ++direction) {
    const std::vector<double> axis = strongest_axis(rest, rows, dim);
    std::vector<double> coordinates = project(rest, rows, axis);
    remove_axis(rest, coordinates, axis);
    fix_sign(coordinates);
    for (std::size_t i = 0; i < rows; ++i) plane[2 * i + direction] = coordinates[i];
  }
  return plane;
}

OodHead describe_ood(const datasets::KvGroup& group, const std::string& source, Executor& executor) {
  const std::size_t dim = group.dim();
  const MatrixView prefill = group.keys.view.slice(0, group.prefill);
  OodHead head;
  head.source = source;
  head.layer = group.layer;
  head.kv_head = group.kv_head;
  const KeyDistribution distribution(prefill, executor);
  head.query_quantiles = distance_quantiles(distribution, sample_queries(group, distance_queries), dim);
  head.key_quantiles = distance_quantiles(distribution, sample_rows(prefill, distance_keys), dim);

  std::vector<double> points = sample_queries(group, plane_points / group.heads());
  const std::size_t queries = points.size() / dim;
  const std::vector<double> keys = sample_rows(prefill, plane_points);
  points.insert(points.end(), keys.begin(), keys.end());
  const std::vector<double> plane = principal_plane(points, points.size() / dim, dim);
  const auto border = plane.begin() + static_cast<std::ptrdiff_t>(2 * queries);
  head.query_plane.assign(plane.begin(), border);
  head.key_plane.assign(border, plane.end());
  return head;
}

}  // namespace rattan::bench
