#include "bench/context/batch_run.h"

#include <chrono>
#include <filesystem>

#include "bench/context/context_inputs.h"
#include "bench/context/decode_run.h"
#include "bench/context/layer_decoder.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/scratch_folder.h"

namespace rattan::bench {

std::vector<std::unique_ptr<Context>> build_sequences(const LayerStack& stack, const ContextParams& params,
                                                      BuildStats& stats) {
  const ScratchFolder folder("rattan-batch");
  std::vector<std::unique_ptr<Context>> sequences;
  for (std::size_t i = 0; i < stack.layers().size(); ++i) {
    const StackLayer& layer = stack.layers()[i];
    const std::filesystem::path files = folder.path() / std::to_string(layer.original);
    auto context = std::make_unique<Context>(context_shape(stack.groups(layer.original), 1), params);
    if (i < stack.originals()) {
      context->build_layer(0, layer.keys, layer.values, prefill_queries(stack.groups(i)),
                           stack.groups(i).front().prefill_positions, &stats);
      std::filesystem::create_directory(files);
      context->save(files);
    } else {
      context->open_layer(files, 0, layer.keys, layer.values);
    }
    sequences.push_back(std::move(context));
  }
  return sequences;
}

BatchStep step_in_a_loop(const LayerStack& stack, std::span<const std::unique_ptr<Context>> sequences,
                         const Budget& budget) {
  return [&stack, sequences, budget](std::size_t step, std::span<std::vector<float>> outputs) {
    DecodeParams params;
    params.budget = budget;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      sequences[i]->decode(0, stack.step(i, step + i), outputs[i], {}, params);
    }
  };
}

BatchStep step_in_a_batch(const LayerStack& stack, std::span<const std::unique_ptr<Context>> sequences,
                          const Budget& budget, Executor& executor) {
  return [&stack, sequences, budget, &executor](std::size_t step, std::span<std::vector<float>> outputs) {
    std::vector<Context::DecodeItem> items(sequences.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].context = sequences[i].get();
      items[i].queries = stack.step(i, step + i);
      items[i].output = outputs[i];
      items[i].params.budget = budget;
    }
    Context::decode_batch(items, &executor);
  };
}

BatchStep step_flat(const LayerStack& stack, const ContextParams& window, Executor& executor) {
  std::vector<std::shared_ptr<LayerDecoder>> decoders;  // by worker
  for (unsigned i = 0; i < executor.workers(); ++i) decoders.push_back(decode_flat(stack, window, window.budget.k));
  return [&stack, decoders, &executor](std::size_t step, std::span<std::vector<float>> outputs) {
    executor.run(outputs.size(), [&](std::size_t i, unsigned worker) {
      decoders[worker]->decode(i, stack.step(i, step + i), outputs[i]);
    });
  };
}

std::vector<BatchTimes> time_batches(const LayerStack& stack, std::span<const BatchStep> ways, std::size_t rounds) {
  using Clock = std::chrono::steady_clock;
  const std::size_t dim = stack.value_dim();
  const std::size_t heads = stack.query_heads();
  std::vector<std::vector<float>> exact(stack.layers().size(), std::vector<float>(heads * dim));
  std::vector<std::vector<float>> outputs = exact;
  std::vector<BatchTimes> times(ways.size());
  std::size_t done = 0;
  for (std::size_t round = 0; round <= rounds && !ends_after(done); done = round++) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      const auto start = Clock::now();
      ways[way](round * outputs.size(), outputs);
      const std::chrono::duration<double, std::micro> time = Clock::now() - start;
      if (way == 0) exact = outputs;
      if (round == 0) continue;
      times[way].microseconds.push_back(time.count());
      double error = 0;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        for (std::size_t head = 0; head < heads; ++head) {
          error += relative_error(std::span(exact[i]).subspan(head * dim, dim),
                                  std::span(outputs[i]).subspan(head * dim, dim));
        }
      }
      times[way].output_error += error / static_cast<double>(outputs.size() * heads);
    }
  }
  for (BatchTimes& way : times) way.output_error /= static_cast<double>(done);
  return times;
}

}  // namespace rattan::bench
