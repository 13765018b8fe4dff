#include "bench/context/decode_run.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "bench/measure/interrupt.h"
#include "bench/measure/latency.h"

namespace rattan::bench {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

double relative_error(std::span<const float> exact, std::span<const float> output) {
  double error = 0;
  double norm = 0;
  for (std::size_t c = 0; c < exact.size(); ++c) {
    error += std::pow(static_cast<double>(exact[c]) - static_cast<double>(output[c]), 2);
    norm += std::pow(static_cast<double>(exact[c]), 2);
  }
  return error == 0 ? 0 : std::sqrt(error / norm);
}

std::vector<std::vector<double>> time_decoders(const LayerStack& stack, std::span<LayerDecoder* const> decoders,
                                               std::size_t rounds) {
  CacheSweeper sweeper;
  std::vector<float> output(stack.query_heads() * stack.value_dim());
  std::vector<std::vector<double>> times(decoders.size());
  std::size_t done = 0;
  for (std::size_t round = 0; round <= rounds && !ends_after(done); done = round++) {
    for (std::size_t j = 0; j < decoders.size(); ++j) {
      sweeper.sweep();
      for (std::size_t layer = 0; layer < stack.layers().size(); ++layer) {
        // Copies of a layer are asked different steps.
        const MatrixView queries = stack.step(layer, round * stack.layers().size() + layer);
        const auto start = Clock::now();
        decoders[j]->decode(layer, queries, output);
        const std::chrono::duration<double, std::micro> time = Clock::now() - start;
        if (round > 0) times[j].push_back(time.count());
      }
    }
  }
  return times;
}

double output_error(const LayerStack& stack, LayerDecoder& decoder, LayerDecoder& exact, std::size_t steps) {
  const std::size_t dim = stack.value_dim();
  std::vector<float> wanted(stack.query_heads() * dim);
  std::vector<float> output(wanted.size());
  double sum = 0;
  for (std::size_t layer = 0; layer < stack.originals(); ++layer) {
    for (std::size_t step = 0; step < steps; ++step) {
      exact.decode(layer, stack.step(layer, step), wanted);
      decoder.decode(layer, stack.step(layer, step), output);
      for (std::size_t head = 0; head < stack.query_heads(); ++head) {
        sum += relative_error(std::span(wanted).subspan(head * dim, dim), std::span(output).subspan(head * dim, dim));
      }
    }
  }
  return sum / static_cast<double>(stack.originals() * steps * stack.query_heads());
}

double growth_exponent(std::span<const double> x, std::span<const double> y) {
  const auto count = static_cast<double>(x.size());
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += std::log(x[i]) / count;
    mean_y += std::log(y[i]) / count;
  }
  double product = 0;
  double square = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    product += (std::log(x[i]) - mean_x) * (std::log(y[i]) - mean_y);
    square += std::pow(std::log(x[i]) - mean_x, 2);
  }
  return square > 0 ? product / square : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace rattan::bench
