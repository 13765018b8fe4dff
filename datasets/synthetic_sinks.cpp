// Sinks are made last: how large a key must be to hold a given share of the attention depends on all other keys.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "datasets/synthetic_head.h"

namespace rattan::datasets {
namespace {

constexpr double sink_share = 0.3;  // of the softmax mass, on the median query
constexpr std::array<double, SyntheticHead::sinks> sink_weights{0.55, 0.2, 0.15, 0.1};
constexpr std::size_t fewest_keys = 64;     // shorter contexts have no sinks
constexpr std::size_t sample_queries = 32;  // per query head
constexpr std::size_t sample_keys = 8192;
constexpr std::size_t block = 256;

double dot(const float* a, const float* b, std::size_t dim) {
  float sum = 0;
  for (std::size_t c = 0; c < dim; ++c) sum += a[c] * b[c];
  return sum;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Sample {
  std::size_t head;
  std::size_t position;
};

// log of sum of exp over all keys a query sees, estimated from evenly spaced ones.
double estimate_lse(const float* logits, std::size_t count, std::size_t key_step, std::size_t position) {
  const std::size_t visible = std::min(count, position / key_step);
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t i = 0; i < visible; ++i) max = std::max<double>(max, logits[i]);
  for (std::size_t i = 0; i < visible; ++i) sum += std::exp(logits[i] - max);
  return max + std::log(sum * static_cast<double>(key_step));
}

}  // namespace

void SyntheticHead::place_sinks(Executor& executor) {
  if (params_.keys < fewest_keys) return;
  const std::size_t dim = params_.dim, pairs = dim / 2;
  const double scale = 1 / std::sqrt(static_cast<double>(dim));

  // Along the mean queries in the slowest quarter of the pairs, which hardly rotate away.
  std::vector<float> direction(dim);
  for (const auto& mean : mean_queries_) {
    for (std::size_t j = pairs - (pairs + 3) / 4; j < pairs; ++j) {
      direction[j] += mean[j];
      direction[j + pairs] += mean[j + pairs];
    }
  }

  const std::size_t key_step = (params_.keys + sample_keys - 1) / sample_keys;
  const std::size_t key_count = params_.keys / key_step;
  std::vector<Sample> samples;
  for (std::size_t h = 0; h < params_.group; ++h) {
    for (std::size_t i = 0; i < sample_queries; ++i) {
      samples.push_back({h, params_.keys / 2 + i * (params_.keys / 2) / sample_queries});
    }
  }
  std::vector<float> queries(samples.size() * dim);
  for (std::size_t s = 0; s < samples.size(); ++s) query(samples[s].head, samples[s].position, &queries[s * dim]);

  std::vector<float> logits(samples.size() * key_count);
  parallel_blocks(executor, key_count, block, [&](auto begin, auto end, unsigned) {
    std::vector<float> row(dim);
    for (std::size_t i = begin; i < end; ++i) {
      key(i * key_step + key_step / 2, row.data());
      for (std::size_t s = 0; s < samples.size(); ++s) {
        logits[s * key_count + i] = static_cast<float>(scale * dot(&queries[s * dim], row.data(), dim));
      }
    }
  });

  std::vector<double> needed, reached;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    needed.push_back(estimate_lse(&logits[s * key_count], key_count, key_step, samples[s].position) +
                     std::log(sink_share / (1 - sink_share)));
    reached.push_back(scale * dot(&queries[s * dim], direction.data(), dim));
  }
  double squared = 0;
  for (const float x : direction) squared += static_cast<double>(x) * x;
  // Over contexts so long that even these pairs rotate, the sinks are not blown up without bound.
  const double reach = std::max(median(reached), 0.2 * scale * squared / static_cast<double>(params_.group));

  std::vector<std::vector<float>> made;
  for (std::size_t i = 0; i < sinks; ++i) {
    std::vector<float> sink(dim);
    ordinary_key(i, sink.data());
    const double factor = (median(needed) + std::log(sink_weights[i])) / reach;
    for (std::size_t c = 0; c < dim; ++c) {
      sink[c] = static_cast<float>(0.02 * sink[c] + factor * direction[c]);
    }
    made.push_back(std::move(sink));
  }
  sink_keys_ = std::move(made);
}

}  // namespace rattan::datasets
