// A cache as llama.cpp holds it, and what it would ask of it, without llama.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "tools/llama/attention.h"

namespace rattan::llama::test {

// Keys and values of two layers in cells of two streams; every token is random. step() does what a graph does: writes
// and attention, layer after layer.
class FakeCache {
 public:
  static constexpr int layers = 2;
  static constexpr std::size_t cells = 512, query_heads = 4, kv_heads = 2, dim = 16;

  struct Token {
    std::size_t cell;               // of the stream
    std::set<std::size_t> visible;  // cells, its own included
  };

  explicit FakeCache(const Settings& settings, std::size_t streams = 1);

  // Tokens of one batch, as many for every stream from `stream` on. Returns how many rows contexts answered in the last
  // layer; outputs of those are compared with exact attention.
  std::size_t step(const std::vector<Token>& tokens, std::size_t stream = 0, std::size_t streams = 1);

  // A sequence of tokens at cells [begin, end) one behind the other, given in batches, from a first one that is seen.
  void prefill(std::size_t begin, std::size_t end, std::set<std::size_t>& visible, std::size_t batch = 32);

  // Other numbers in these cells of all layers, as a state that is loaded; nobody is told.
  void replace(std::size_t begin, std::size_t end);
  // The same, as a shift of keys that a graph computes.
  void shift(std::size_t begin, std::size_t end);

  Attention attention;
  bool sinks = false;
  double scale = 0.25;  // of logits
  double logit_cap = 0;
  double largest_error = 0;  // |output - exact| over all answered rows

 private:
  struct Layer {
    std::vector<float> keys, values;
  };
  void fill(std::vector<float>& rows, std::size_t cell);
  void compare(const AttentionNode& node, const std::vector<Token>& tokens, const std::vector<bool>& answered);

  std::vector<Layer> layers_;
  std::uint64_t random_ = 7;
  float next();
};

}  // namespace rattan::llama::test
