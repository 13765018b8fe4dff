// Sinks are made last: how large a key must be to hold a given share of the attention depends on all other keys.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/median.h"
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

// log of sum of exp over all keys a query sees, estimated from evenly spaced ones.
double estimate_lse(const float* logits, std::size_t count, std::size_t key_step, std::size_t position) {
  const std::size_t visible = std::min(count, position / key_step);
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t i = 0; i < visible; ++i) max = std::max<double>(max, logits[i]);
  for (std::size_t i = 0; i < visible; ++i) sum += std::exp(logits[i] - max);
  return max + std::log(sum * static_cast<double>(key_step));
}

// The x that brings a * x near b, by Gauss-Seidel on the normal equations with a ridge: nearly parallel heads then
// share what they need instead of pulling against each other.
std::vector<double> solve(const std::vector<std::vector<double>>& a, const std::vector<double>& b, double ridge) {
  const std::size_t size = b.size();
  std::vector<std::vector<double>> normal(size, std::vector<double>(size));
  std::vector<double> target(size), x(size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t row = 0; row < size; ++row) {
      target[i] += a[row][i] * b[row];
      for (std::size_t j = 0; j < size; ++j) normal[i][j] += a[row][i] * a[row][j];
    }
    normal[i][i] += ridge * ridge;
  }
  for (int round = 0; round < 100; ++round) {
    for (std::size_t i = 0; i < size; ++i) {
      x[i] += (target[i] - std::inner_product(x.begin(), x.end(), normal[i].begin(), 0.0)) / normal[i][i];
    }
  }
  return x;
}

}  // namespace

// Logits of sample queries (consecutive rows of `queries`, `sample_queries` per head) and evenly spaced keys, reduced
// to the log-sum-exp that the sinks of each query head have to match.
std::vector<double> SyntheticHead::typical_lse(const std::vector<float>& queries, Executor& executor) const {
  const std::size_t dim = params_.dim, samples = queries.size() / dim;
  const double scale = 1 / std::sqrt(static_cast<double>(dim));
  const std::size_t key_step = (params_.keys + sample_keys - 1) / sample_keys;
  const std::size_t key_count = params_.keys / key_step;
  std::vector<float> logits(samples * key_count);
  parallel_blocks(executor, key_count, block, [&](auto begin, auto end, unsigned) {
    std::vector<float> row(dim);
    for (std::size_t i = begin; i < end; ++i) {
      key(i * key_step + key_step / 2, row.data());
      for (std::size_t s = 0; s < samples; ++s) {
        logits[s * key_count + i] = static_cast<float>(scale * dot(&queries[s * dim], row.data(), dim));
      }
    }
  });
  std::vector<double> typical;
  for (std::size_t h = 0; h < params_.group; ++h) {
    std::vector<double> lse;
    for (std::size_t i = 0; i < sample_queries; ++i) {
      lse.push_back(
          estimate_lse(&logits[(h * sample_queries + i) * key_count], key_count, key_step, sample_position(i)));
    }
    typical.push_back(upper_median(lse));
  }
  return typical;
}

std::size_t SyntheticHead::sample_position(std::size_t i) const noexcept {
  return params_.keys / 2 + i * (params_.keys / 2) / sample_queries;
}

void SyntheticHead::place_sinks(Executor& executor) {
  if (params_.keys < fewest_keys) return;
  const std::size_t dim = params_.dim, pairs = dim / 2, group = params_.group;
  const double scale = 1 / std::sqrt(static_cast<double>(dim));
  std::vector<float> queries(group * sample_queries * dim);
  std::vector<std::vector<float>> means(group, std::vector<float>(dim));
  for (std::size_t h = 0; h < group; ++h) {
    for (std::size_t i = 0; i < sample_queries; ++i) {
      float* row = &queries[(h * sample_queries + i) * dim];
      query(h, sample_position(i), row);
      for (std::size_t c = 0; c < dim; ++c) means[h][c] += row[c] / static_cast<float>(sample_queries);
    }
  }

  // Sinks lie along the mean queries in the slowest quarter of the pairs, which hardly rotate away.
  std::vector<std::vector<float>> directions = geometry_.mean_queries;
  for (auto& direction : directions) {
    for (std::size_t c = 0; c < dim; ++c) {
      if (c % pairs < pairs - (pairs + 3) / 4) direction[c] = 0;
    }
  }
  std::vector<std::vector<double>> reached(group, std::vector<double>(group));
  for (std::size_t h = 0; h < group; ++h) {
    for (std::size_t other = 0; other < group; ++other) {
      reached[h][other] = scale * dot(means[h].data(), directions[other].data(), dim);
    }
  }
  // The ridge also keeps sinks from growing without bound over contexts so long that even these pairs rotate.
  const double ridge = 0.2 * scale * dot(directions[0].data(), directions[0].data(), dim);
  std::vector<double> needed = typical_lse(queries, executor);
  std::vector<std::vector<float>> found;
  for (std::size_t i = 0; i < sinks; ++i) {
    std::vector<double> logits = needed;
    for (double& x : logits) x += std::log(sink_share / (1 - sink_share) * sink_weights[i]);
    const std::vector<double> weights = solve(reached, logits, ridge);
    std::vector<float> sink(dim);
    ordinary_key(i, sink.data());
    for (float& x : sink) x *= 0.02F;
    for (std::size_t h = 0; h < group; ++h) {
      for (std::size_t c = 0; c < dim; ++c) sink[c] += static_cast<float>(weights[h]) * directions[h][c];
    }
    found.push_back(std::move(sink));
  }
  sink_keys_ = std::move(found);
}

}  // namespace rattan::datasets
