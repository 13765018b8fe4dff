// A text whose keys and values tell which token they are, so that a decode tells which tokens it has attended to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rattan/context.h"
#include "tests/context/synthetic_text.h"

namespace rattan::test {

// The first channels of token t's key are the bits of t, and its values are all t, or all -t. Tokens are below 2048,
// which every dtype but bf16 holds exactly.
enum class Sign : std::int8_t { plus = 1, minus = -1 };
SyntheticText marked_text(const ContextShape& shape, std::size_t tokens, Sign sign);

// Which tokens a context holds: those of the text with plus below `plus`, behind them those of the text with minus.
struct History {
  std::size_t plus = 0;

  double value(std::size_t token) const noexcept;
  double mean_value(std::size_t tokens) const noexcept;
};

// Each decodes once and returns true where the result is right.

// Over all keys with a query that gives nearly all weight to `token`: it is attended to, and its values are whole.
bool finds(const Context& context, std::uint32_t layer, std::size_t token, const History& history);

// With a query that scores every key 0: a whole number of tokens has been attended to or estimated. With `all` it is
// what the context held at some moment of the call, each counted once, and the output is the mean of their values.
bool counts(const Context& context, std::uint32_t layer, const DecodeParams& params, const History& history, bool all);

// With the queries of a token of the text: every number is finite, and between the values there are.
bool stays_finite(const Context& context, std::uint32_t layer, const DecodeParams& params, const SyntheticText& text,
                  std::size_t asked);

}  // namespace rattan::test
