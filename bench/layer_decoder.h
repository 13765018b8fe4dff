// Ways to attend to the tokens of a layer at one decode step: Rattan's Context in its kinds, and the honest Flat
// (DESIGN.md section 7): one exact pass over the keys for all query heads of a KV head, and the values of the best.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/layer_stack.h"
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
  virtual LayerCost cost() const = 0;  // mean of the calls since the object was made
  virtual std::string kinds() const = 0;
};

// Builds the original layers of `stack` and opens the others from what is saved of them in between, in a folder that is
// gone afterwards. `stats`: seconds of the builds.
std::shared_ptr<const Context> build_context(const LayerStack& stack, const ContextParams& params, BuildStats& stats);

// one_thread: all heads on the calling thread; else as the context's executor shares them.
std::unique_ptr<LayerDecoder> decode_by(std::shared_ptr<const Context> context, const Budget& budget, bool one_thread);

// k keys per query head between the window's two parts, on all workers of `executor`, which must outlive it.
std::unique_ptr<LayerDecoder> decode_flat(const LayerStack& stack, const ContextParams& window, std::uint32_t k,
                                          Executor& executor);

}  // namespace rattan::bench
