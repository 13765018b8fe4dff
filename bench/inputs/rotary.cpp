#include "bench/inputs/rotary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simd/kernels.h"

namespace rattan::bench {
namespace {

constexpr std::size_t most_rows = 4096;
constexpr std::size_t strongest_pairs = 4;

void undo_rotation(std::vector<float>& row, std::int64_t position, double rope_base) {
  const std::size_t half = row.size() / 2;
  for (std::size_t pair = 0; pair < half; ++pair) {
    const double angle =
        static_cast<double>(position) * std::pow(rope_base, -static_cast<double>(pair) / static_cast<double>(half));
    const double x = row[pair];
    const double y = row[pair + half];
    row[pair] = static_cast<float>(x * std::cos(angle) + y * std::sin(angle));
    row[pair + half] = static_cast<float>(y * std::cos(angle) - x * std::sin(angle));
  }
}

void fill_energy(RotaryStatistics& statistics, const std::vector<double>& energy) {
  std::vector<double> sorted = energy;
  std::sort(sorted.rbegin(), sorted.rend());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  const std::size_t top = std::min(strongest_pairs, sorted.size());
  const double strongest = std::accumulate(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(top), 0.0);
  statistics.top4_energy = total > 0 ? strongest / total : 0;
  const double median = sorted[sorted.size() / 2];
  statistics.strongest_ratio = median > 0 ? sorted.front() / median : 0;
  statistics.strongest_pair = static_cast<double>(std::max_element(energy.begin(), energy.end()) - energy.begin());
}

}  // namespace

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return 0;
  const double ab = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  const double aa = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
  const double bb = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

RotaryStatistics rotary_statistics(MatrixView queries, std::span<const std::int64_t> positions, double rope_base) {
  RotaryStatistics statistics;
  statistics.mean.resize(queries.cols);
  if (queries.rows == 0 || queries.cols == 0 || queries.cols % 2 != 0) return statistics;
  const std::size_t half = queries.cols / 2;
  const std::size_t count = std::min(most_rows, queries.rows);
  const simd::ToFloat to_float = simd::kernels().widen(queries.dtype);
  std::vector<float> row(queries.cols);
  std::vector<double> energy(half);
  double square = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * queries.rows / count;
    to_float(queries.row(at), queries.cols, row.data());
    undo_rotation(row, positions[at], rope_base);
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double value = row[c];
      statistics.mean[c] += value / static_cast<double>(count);
      energy[c % half] += value * value;
      square += value * value / static_cast<double>(count);
    }
  }
  const double mean_square =
      std::inner_product(statistics.mean.begin(), statistics.mean.end(), statistics.mean.begin(), 0.0);
  statistics.concentration = square > 0 ? std::sqrt(mean_square / square) : 0;
  fill_energy(statistics, energy);
  return statistics;
}

}  // namespace rattan::bench
