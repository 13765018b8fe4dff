// What a softmax does to scores: their cap, their largest, and exponentials with their sum. See generic_score.h for how
// ISAs are kept apart.
#pragma once

#include <cstddef>
#include <limits>

#include "simd/element.h"

namespace rattan::simd {

template <typename Lanes>
float largest_value(const float* values, std::size_t count) {
  float best = -std::numeric_limits<float>::infinity();
  std::size_t i = 0;
  if (count >= Lanes::width) {
    typename Lanes::Batch largest = Lanes::broadcast(best);
    for (; i + Lanes::width <= count; i += Lanes::width)
      largest = Lanes::larger(Lanes::load(F32{}, reinterpret_cast<Bytes>(values + i)), largest);
    float lanes[Lanes::width];
    Lanes::store(largest, lanes);
    for (const float lane : lanes) best = lane > best ? lane : best;
  }
  for (; i < count; ++i) best = values[i] > best ? values[i] : best;
  return best;
}

// exp(x) for x <= 0, zero below `least`; NaN stays NaN. x = n ln 2 + f with |f| <= ln 2 / 2, and Cephes' polynomial of
// degree 6 in f (expf.c, S. Moshier): the relative error is below 2^-22 here. The sum with 1.5 * 2^23 rounds to an
// integer and leaves it in the low bits, where power_of_two() finds it.
template <typename Lanes>
typename Lanes::Batch exp_of_negative(typename Lanes::Batch x) {
  using Batch = typename Lanes::Batch;
  constexpr float least = -87.0F;  // its exponential is the last that is a normal number whatever the rounding
  constexpr float round = 12582912.0F;
  const Batch within = Lanes::larger(Lanes::broadcast(least), x);
  const Batch shifted = Lanes::multiply_add(within, Lanes::broadcast(1.44269504088896341F), Lanes::broadcast(round));
  const Batch n = Lanes::subtract(shifted, Lanes::broadcast(round));
  Batch f = Lanes::multiply_add(n, Lanes::broadcast(-0.693359375F), within);  // the high bits of ln 2: exact
  f = Lanes::multiply_add(n, Lanes::broadcast(2.12194440e-4F), f);
  Batch p = Lanes::broadcast(1.9875691500e-4F);
  p = Lanes::multiply_add(p, f, Lanes::broadcast(1.3981999507e-3F));
  p = Lanes::multiply_add(p, f, Lanes::broadcast(8.3334519073e-3F));
  p = Lanes::multiply_add(p, f, Lanes::broadcast(4.1665795894e-2F));
  p = Lanes::multiply_add(p, f, Lanes::broadcast(1.6666665459e-1F));
  p = Lanes::multiply_add(p, f, Lanes::broadcast(5.0000001201e-1F));
  p = Lanes::multiply_add(p, f, Lanes::broadcast(1.0F));  // (p f + 1) f + 1 rounds less than p f^2 + (f + 1)
  p = Lanes::multiply_add(p, f, Lanes::broadcast(1.0F));
  return Lanes::zero_below(Lanes::multiply_add(p, Lanes::power_of_two(shifted), Lanes::zero()), x,
                           Lanes::broadcast(least));
}

template <typename Lanes>
float exp_weights(const float* scores, std::size_t count, float scale, float top, float* weights) {
  using Batch = typename Lanes::Batch;
  const auto weigh = [scale, top](Batch score) {
    const Batch below = Lanes::subtract(score, Lanes::broadcast(top));
    return exp_of_negative<Lanes>(Lanes::multiply_add(below, Lanes::broadcast(scale), Lanes::zero()));
  };
  Batch sum[1] = {Lanes::zero()};
  std::size_t i = 0;
  for (; i + Lanes::width <= count; i += Lanes::width) {
    const Batch weight = weigh(Lanes::load(F32{}, reinterpret_cast<Bytes>(scores + i)));
    Lanes::store(weight, weights + i);
    sum[0] = Lanes::add(sum[0], weight);
  }
  if (i < count) {
    Lanes::store_tail(weigh(Lanes::load_tail(F32{}, reinterpret_cast<Bytes>(scores + i), count - i)), weights + i,
                      count - i);
    // Read back, lanes that stand for no score are zero.
    sum[0] = Lanes::add(sum[0], Lanes::load_tail(F32{}, reinterpret_cast<Bytes>(weights + i), count - i));
  }
  float total = 0;
  Lanes::store_sums(sum, &total);
  return total;
}

// tanh of a magnitude is (1 - e) / (1 + e) with e = exp(-2 x); the sign comes back at the end.
template <typename Lanes>
void soft_cap(float* values, std::size_t count, float cap) {
  using Batch = typename Lanes::Batch;
  const float step = -2 / cap;
  const auto capped = [cap, step](Batch x) {
    const Batch magnitude = Lanes::larger(Lanes::subtract(Lanes::zero(), x), x);
    const Batch e = exp_of_negative<Lanes>(Lanes::multiply_add(magnitude, Lanes::broadcast(step), Lanes::zero()));
    const Batch one = Lanes::broadcast(1.0F);
    const Batch ratio = Lanes::divide(Lanes::subtract(one, e), Lanes::add(one, e));
    const Batch value = Lanes::multiply_add(ratio, Lanes::broadcast(cap), Lanes::zero());
    const Batch positive = Lanes::zero_below(value, x, Lanes::zero());
    return Lanes::subtract(positive, Lanes::subtract(value, positive));
  };
  std::size_t i = 0;
  for (; i + Lanes::width <= count; i += Lanes::width)
    Lanes::store(capped(Lanes::load(F32{}, reinterpret_cast<Bytes>(values + i))), values + i);
  if (i < count)
    Lanes::store_tail(capped(Lanes::load_tail(F32{}, reinterpret_cast<Bytes>(values + i), count - i)), values + i,
                      count - i);
}

}  // namespace rattan::simd
