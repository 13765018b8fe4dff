#include "bench/measure/repeats.h"

#include <cmath>
#include <utility>

#include "bench/measure/interrupt.h"
#include "bench/measure/latency.h"

namespace rattan::bench {

MeanDeviation mean_and_deviation(std::span<const double> values) {
  if (values.empty()) return {};
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  if (values.size() < 2) return {mean};
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return {mean, std::sqrt(sum / static_cast<double>(values.size() - 1))};
}

RepeatedTime join_repeats(std::span<const std::vector<double>> repeats) {
  std::vector<double> medians;
  std::vector<double> tails;
  for (const std::vector<double>& times : repeats) {
    medians.push_back(quantile(times, 0.5));
    tails.push_back(quantile(times, 0.99));
  }
  const MeanDeviation p50 = mean_and_deviation(medians);
  return {p50.mean, p50.deviation, mean_and_deviation(tails).mean, repeats.empty() ? 0 : repeats.front().size(),
          repeats.size()};
}

std::vector<RepeatedTime> repeat_timing(std::size_t repeats,
                                        const std::function<std::vector<std::vector<double>>()>& time_all) {
  std::vector<std::vector<std::vector<double>>> by_way;
  for (std::size_t i = 0; i < repeats && !ends_after(i); ++i) {
    std::vector<std::vector<double>> times = time_all();
    by_way.resize(times.size());
    for (std::size_t way = 0; way < times.size(); ++way) by_way[way].push_back(std::move(times[way]));
  }
  std::vector<RepeatedTime> joined;
  joined.reserve(by_way.size());
  for (const auto& way : by_way) joined.push_back(join_repeats(way));
  return joined;
}

}  // namespace rattan::bench
