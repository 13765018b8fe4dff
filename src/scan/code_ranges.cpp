#include "scan/code_ranges.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>

#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t block_keys = 4096;
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::size_t sampled_rows = 1024;

// Widths from the middle beyond which rows may be left out. 1.5 are 4.6 standard deviations of a Gaussian.
constexpr std::array<double, 12> limits{1.5, 2, 3, 4, 6, 8, 12, 16, 32, 64, 256, 1024};
// The wanted fall of the noise, and what an outlier among n rows has to add to it, times n.
constexpr double wanted_noise = 0.5;
constexpr double outlier_price = 128;

using Ranges = std::vector<ChannelRange>;

void widen(ChannelRange& range, const ChannelRange& by) {
  range.lowest = std::min(range.lowest, by.lowest);
  range.highest = std::max(range.highest, by.highest);
}

void widen(Ranges& ranges, const Ranges& by) {
  for (std::size_t c = 0; c < ranges.size(); ++c) widen(ranges[c], by[c]);
}

// The usual place of a channel's values.
struct ChannelPlace {
  double middle = 0;
  double width = 0;

  double distance(double value) const noexcept { return std::abs(value - middle) / width; }
};

// Of a sample. A channel whose values are nearly all equal has the median width of the others: what differs in it must
// differ as much as in those. Empty: too few rows, or no channel has a width.
std::vector<ChannelPlace> channel_places(const MatrixView& keys) {
  if (most_outliers(keys.rows) == 0) return {};
  const MatrixView sample = keys.every(std::max<std::size_t>(1, keys.rows / sampled_rows));
  const simd::ToFloat to_float = simd::kernels().widen(keys.dtype);
  std::vector<float> rows(sample.rows * keys.cols);
  for (std::size_t i = 0; i < sample.rows; ++i) to_float(sample.row(i), keys.cols, rows.data() + i * keys.cols);
  std::vector<ChannelPlace> places(keys.cols);
  std::vector<double> widths;
  std::vector<float> column(sample.rows);
  const auto tail = static_cast<std::ptrdiff_t>(sample.rows / 16);
  for (std::size_t c = 0; c < keys.cols; ++c) {
    for (std::size_t i = 0; i < sample.rows; ++i) column[i] = rows[i * keys.cols + c];
    std::nth_element(column.begin(), column.begin() + tail, column.end());
    const double low = double{*(column.begin() + tail)};
    std::nth_element(column.begin() + tail, column.end() - 1 - tail, column.end());
    const double high = double{*(column.end() - 1 - tail)};
    places[c] = {low + (high - low) / 2, high - low};
    if (high > low) widths.push_back(high - low);
  }
  if (widths.empty()) return {};
  const auto median = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
  std::nth_element(widths.begin(), median, widths.end());
  for (ChannelPlace& place : places) {
    if (place.width == 0) place.width = *median;
  }
  return places;
}

// How much codes over the ranges err, without a unit: squared steps in widths, their mean and, because a query may look
// at any channel, a share of the largest.
double noise_of(const Ranges& ranges, const std::vector<ChannelPlace>& places) {
  double sum = 0;
  double largest = 0;
  for (std::size_t c = 0; c < ranges.size(); ++c) {
    const double steps = (double{ranges[c].highest} - double{ranges[c].lowest}) / places[c].width;
    sum += steps * steps;
    largest = std::max(largest, steps * steps);
  }
  return sum / static_cast<double>(ranges.size()) + largest / 32;
}

// The least noise that leaving rows out can lead to.
double least_noise(Ranges ranges, const std::vector<ChannelPlace>& places) {
  for (std::size_t c = 0; c < ranges.size(); ++c) {
    const double reach = limits.front() * places[c].width;
    const double low = std::max(double{ranges[c].lowest}, places[c].middle - reach);
    const double high = std::min(double{ranges[c].highest}, places[c].middle + reach);
    ranges[c] = {static_cast<float>(low), static_cast<float>(std::max(low, high))};
  }
  return noise_of(ranges, places);
}

// Rows by the first of `limits` that they lie within, those beyond all last.
struct Shells {
  std::array<std::size_t, limits.size() + 1> counts{};
  std::array<Ranges, limits.size() + 1> ranges;
  std::vector<std::uint8_t> of_row;
};

Shells shells_of(const MatrixView& keys, const std::vector<ChannelPlace>& places, Executor& executor) {
  const simd::ToFloat to_float = simd::kernels().widen(keys.dtype);
  const Ranges none(keys.cols, {infinity, -infinity});
  Shells shells;
  shells.ranges.fill(none);
  shells.of_row.resize(keys.rows);
  std::mutex merging;
  parallel_blocks(executor, keys.rows, block_keys, [&](std::size_t begin, std::size_t end, unsigned) {
    Shells found;
    found.ranges.fill(none);
    std::vector<float> row(keys.cols);
    for (std::size_t i = begin; i < end; ++i) {
      to_float(keys.row(i), keys.cols, row.data());
      double farthest = 0;
      for (std::size_t c = 0; c < keys.cols; ++c) farthest = std::max(farthest, places[c].distance(double{row[c]}));
      const auto shell =
          static_cast<std::size_t>(std::lower_bound(limits.begin(), limits.end(), farthest) - limits.begin());
      for (std::size_t c = 0; c < keys.cols; ++c) widen(found.ranges[shell][c], {row[c], row[c]});
      ++found.counts[shell];
      shells.of_row[i] = static_cast<std::uint8_t>(shell);
    }
    const std::lock_guard lock(merging);
    for (std::size_t shell = 0; shell < found.counts.size(); ++shell) {
      shells.counts[shell] += found.counts[shell];
      widen(shells.ranges[shell], found.ranges[shell]);
    }
  });
  return shells;
}

void leave_out(const MatrixView& keys, const std::vector<ChannelPlace>& places, double noise, Executor& executor,
               InlierRanges& found) {
  const Shells shells = shells_of(keys, places, executor);
  Ranges inside(keys.cols, {infinity, -infinity});
  std::size_t count = 0;
  std::size_t last = limits.size();  // shell of inliers
  double best = wanted_noise * noise;
  for (std::size_t shell = 0; shell < limits.size(); ++shell) {
    widen(inside, shells.ranges[shell]);
    count += shells.counts[shell];
    const std::size_t outside = keys.rows - count;
    if (outside == 0 || outside > most_outliers(keys.rows)) continue;
    const double share = static_cast<double>(outside) / static_cast<double>(keys.rows);
    const double priced = noise_of(inside, places) * (1 + outlier_price * share);
    if (priced >= best) continue;
    best = priced;
    last = shell;
    found.ranges = inside;
  }
  for (std::size_t i = 0; i < keys.rows && last != limits.size(); ++i) {
    if (shells.of_row[i] > last) found.outliers.push_back(static_cast<KeyId>(i));
  }
}

}  // namespace

std::vector<ChannelRange> channel_ranges(const MatrixView& keys, Executor& executor) {
  const simd::ToFloat to_float = simd::kernels().widen(keys.dtype);
  Ranges ranges(keys.cols, {infinity, -infinity});
  std::mutex merging;
  parallel_blocks(executor, keys.rows, block_keys, [&](std::size_t begin, std::size_t end, unsigned) {
    Ranges found(keys.cols, {infinity, -infinity});
    std::vector<float> row(keys.cols);
    for (std::size_t i = begin; i < end; ++i) {
      to_float(keys.row(i), keys.cols, row.data());
      for (std::size_t c = 0; c < keys.cols; ++c) widen(found[c], {row[c], row[c]});
    }
    const std::lock_guard lock(merging);
    widen(ranges, found);
  });
  return ranges;
}

InlierRanges inlier_ranges(const MatrixView& keys, Executor& executor) {
  InlierRanges found{channel_ranges(keys, executor), {}, {}};
  const std::vector<ChannelPlace> places = channel_places(keys);
  if (places.empty()) return found;
  const double noise = noise_of(found.ranges, places);
  if (least_noise(found.ranges, places) >= wanted_noise * noise) return found;
  leave_out(keys, places, noise, executor, found);
  if (found.outliers.empty()) return found;
  for (const ChannelPlace& place : places) found.typical.push_back(static_cast<float>(place.middle));
  return found;
}

}  // namespace rattan
