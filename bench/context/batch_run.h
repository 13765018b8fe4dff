// Timed decode steps of many sequences of one model, a Context each: one call for all against one call after another.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/context/layer_stack.h"
#include "rattan/context.h"

namespace rattan::bench {

// A context for every layer of the stack, which stands for the one layer of a sequence. Originals are built, the others
// opened from what is saved of them. `stats`: seconds of the builds.
std::vector<std::unique_ptr<Context>> build_sequences(const LayerStack& stack, const ContextParams& params,
                                                      BuildStats& stats);

// One step of every sequence into outputs[sequence]; `step` says which.
using BatchStep = std::function<void(std::size_t step, std::span<std::vector<float>> outputs)>;

BatchStep step_in_a_loop(const LayerStack& stack, std::span<const std::unique_ptr<Context>> sequences,
                         const Budget& budget);
BatchStep step_in_a_batch(const LayerStack& stack, std::span<const std::unique_ptr<Context>> sequences,
                          const Budget& budget, Executor& executor);
// The bf16 flat scan of layer_decoder.h, sequences in parallel.
BatchStep step_flat(const LayerStack& stack, const ContextParams& window, Executor& executor);

// Of one way to step.
struct BatchTimes {
  std::vector<double> microseconds;  // of one step of all sequences, by round
  double output_error = 0;           // mean over sequences and query heads of |o - o'| / |o|; o is what the first gives
};

// `rounds` rounds after an untimed one; the ways take turns, all with the same queries. Where a signal asks to
// stop, the rounds that are done (interrupt.h).
std::vector<BatchTimes> time_batches(const LayerStack& stack, std::span<const BatchStep> ways, std::size_t rounds);

}  // namespace rattan::bench
