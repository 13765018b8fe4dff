// Timed decode steps over the layers of a model, way by way.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "bench/context/layer_decoder.h"
#include "bench/context/layer_stack.h"

namespace rattan::bench {

// Microseconds of one layer, per decoder: `rounds` rounds after an untimed one; in a round every decoder in turn walks
// through all layers. Before its turn twice the last-level cache is read from elsewhere: what the layers of a short
// context take may be less than the cache. Where a signal asks to stop, the rounds that are done (interrupt.h).
std::vector<std::vector<double>> time_decoders(const LayerStack& stack, std::span<LayerDecoder* const> decoders,
                                               std::size_t rounds);

// Mean over `steps` steps of every original layer, and over its query heads, of |o - o'| / |o|; o is what `exact`
// gives.
double output_error(const LayerStack& stack, LayerDecoder& decoder, LayerDecoder& exact, std::size_t steps);

// |a - b| / |a|; 0 where they are equal.
double relative_error(std::span<const float> exact, std::span<const float> output);

// Exponent b of the power law a * x^b nearest to the points (least squares of the logarithms); NaN where all x are
// equal. All numbers are above 0.
double growth_exponent(std::span<const double> x, std::span<const double> y);

}  // namespace rattan::bench
