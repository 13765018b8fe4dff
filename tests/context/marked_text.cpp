#include "tests/context/marked_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t bits = 11;
// Of a query: another token's score is lower by twice this at least, which the softmax scale makes 50 or so.
constexpr float emphasis = 100;

float bit_of(std::size_t token, std::size_t channel) { return ((token >> channel) & 1U) != 0 ? 1.0F : -1.0F; }

// The same query for all heads. With slices every slice is asked for in turn.
Attended decode(const Context& context, std::uint32_t layer, const std::vector<float>& query, DecodeParams params) {
  const ContextShape& shape = context.shape();
  std::vector<float> queries;
  for (std::size_t h = 0; h < shape.query_heads; ++h) queries.insert(queries.end(), query.begin(), query.end());
  Attended found{std::vector<float>(std::size_t{shape.query_heads} * shape.value_dim),
                 std::vector<float>(shape.query_heads)};
  const MatrixView view(queries.data(), DType::f32, shape.query_heads, shape.key_dim);
  for (params.slice = 0; params.slice < std::max(1U, params.slices); ++params.slice) {
    context.decode(layer, view, found.output, found.lse, params);
  }
  return found;
}

// Not a comparison with more than the difference: a NaN must be seen.
bool near(double x, double expected, double tolerance) { return std::abs(x - expected) <= tolerance; }

}  // namespace

SyntheticText marked_text(const ContextShape& shape, std::size_t tokens, Sign sign) {
  SyntheticText text(shape, tokens);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    const std::vector<SharedMatrix> keys = text.keys(layer, tokens);
    const std::vector<SharedMatrix> values = text.values(layer, tokens);
    for (std::size_t h = 0; h < shape.kv_heads; ++h) {
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t c = 0; c < bits; ++c) set_element(keys[h], t, c, bit_of(t, c));
        const float value = static_cast<float>(sign) * static_cast<float>(t);
        for (std::size_t c = 0; c < shape.value_dim; ++c) set_element(values[h], t, c, value);
      }
    }
  }
  return text;
}

double History::value(std::size_t token) const noexcept {
  return token < plus ? static_cast<double>(token) : -static_cast<double>(token);
}

double History::mean_value(std::size_t tokens) const noexcept {
  const auto sum_below = [](std::size_t n) { return static_cast<double>(n) * (static_cast<double>(n) - 1) / 2; };
  const double above = sum_below(std::min(tokens, plus));
  return (above - (sum_below(tokens) - above)) / static_cast<double>(tokens);
}

bool finds(const Context& context, std::uint32_t layer, std::size_t token, const History& history) {
  std::vector<float> query(context.shape().key_dim, 0.0F);
  for (std::size_t c = 0; c < bits; ++c) query[c] = emphasis * bit_of(token, c);
  DecodeParams all;
  all.budget = Budget{};
  all.budget->k = 1U << 20;
  const Attended found = decode(context, layer, query, all);
  const double value = history.value(token);
  return std::ranges::all_of(found.output, [&](float x) { return near(static_cast<double>(x), value, 0.01); });
}

bool counts(const Context& context, std::uint32_t layer, const DecodeParams& params, const History& history, bool all) {
  const std::size_t before = context.tokens(layer);
  const Attended found = decode(context, layer, std::vector<float>(context.shape().key_dim, 0.0F), params);
  const std::size_t after = context.tokens(layer);
  const std::size_t dim = context.shape().value_dim;
  constexpr double rounding = 3e-4;  // clusters have their mean values in f16
  for (std::size_t h = 0; h < found.lse.size(); ++h) {
    const double counted = std::exp(static_cast<double>(found.lse[h]));
    const double tokens = std::round(counted);
    if (!(tokens >= 1 && tokens <= static_cast<double>(after) && near(counted, tokens, 0.1))) return false;
    if (!all) continue;
    if (tokens < static_cast<double>(before)) return false;
    const double mean = history.mean_value(static_cast<std::size_t>(tokens));
    for (std::size_t c = 0; c < dim; ++c) {
      if (!near(static_cast<double>(found.output[h * dim + c]), mean, rounding * tokens)) return false;
    }
  }
  return true;
}

bool stays_finite(const Context& context, std::uint32_t layer, const DecodeParams& params, const SyntheticText& text,
                  std::size_t asked) {
  const Attended found = text.decode(context, layer, asked, params);
  const auto most = static_cast<double>(context.tokens(layer));
  return std::ranges::all_of(found.output, [&](float x) { return near(static_cast<double>(x), 0, most); }) &&
         std::ranges::all_of(found.lse, [](float x) { return std::isfinite(x); });
}

}  // namespace rattan::test
