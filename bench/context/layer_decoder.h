// Ways to attend to the tokens of a layer at one decode step: Rattan's Context in its kinds, and the bf16 flat scan
// (src/DESIGN.md section 7): one exact pass over the keys for all query heads of a KV head, and the values of the best.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/context/layer_stack.h"
#include "rattan/attention.h"
#include "rattan/context.h"
#include "rattan/executor.h"
#include "rattan/index.h"

namespace rattan::bench {

// What one step of one layer read, for all its query heads.
struct LayerCost {
  double keys = 0;  // distinct ones read in full, window included
  double bytes = 0;
};

class LayerDecoder {
 public:
  virtual ~LayerDecoder() = default;

  // output: [query heads * value dim].
  virtual void decode(std::size_t layer, MatrixView queries, std::span<float> output) = 0;
  virtual std::string kinds() const = 0;

  LayerCost cost() const {  // mean of the calls since the object was made
    const auto calls = static_cast<double>(calls_);
    return {static_cast<double>(keys_) / calls, static_cast<double>(bytes_) / calls};
  }

 protected:
  void count_call(std::uint64_t keys, std::uint64_t bytes) {
    ++calls_;
    keys_ += keys;
    bytes_ += bytes;
  }

 private:
  std::uint64_t calls_ = 0;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
};

// Builds the original layers of `stack` and opens the others from what is saved of them in between, in a folder that is
// gone afterwards. `stats`: seconds of the builds.
std::shared_ptr<const Context> build_context(const LayerStack& stack, const ContextParams& params, BuildStats& stats);

// Both decode on the calling thread: an engine's threads take a slice of the heads each, and what one of them takes is
// what is compared.
std::unique_ptr<LayerDecoder> decode_by(std::shared_ptr<const Context> context, const Budget& budget);
// k keys per query head between the window's two parts. Borrows `stack`.
std::unique_ptr<LayerDecoder> decode_flat(const LayerStack& stack, const ContextParams& window, std::uint32_t k);

}  // namespace rattan::bench
