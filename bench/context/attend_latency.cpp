#include "bench/context/attend_latency.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "bench/context/decode_run.h"
#include "bench/context/layer_decoder.h"
#include "bench/context/layer_stack.h"

namespace rattan::bench {

AttendLatency time_attend(const HeadSource& source, const ProblemOptions& problem, std::span<const Budget> budgets,
                          ContextParams params, const AttendLatencyOptions& options) {
  StackOptions stacked;
  stacked.kv_heads = 1;
  stacked.depth = options.copies;
  stacked.keys_as = problem.keys_as;
  stacked.queries_as = problem.queries_as;
  const LayerStack stack({&source, 1}, stacked);
  params.softmax_scale = stack.softmax_scale();
  std::uint32_t least_k = std::numeric_limits<std::uint32_t>::max();
  for (const Budget& budget : budgets) least_k = std::min(least_k, budget.k);
  params.budget.k = least_k;

  BuildStats stats;
  ContextParams whole = params;
  whole.kind = HeadKind::flat;
  std::vector<std::unique_ptr<LayerDecoder>> decoders;
  decoders.push_back(decode_by(build_context(stack, whole, stats), params.budget));
  decoders.push_back(decode_flat(stack, params, least_k));
  const auto context = build_context(stack, params, stats);
  for (const Budget& budget : budgets) decoders.push_back(decode_by(context, budget));

  std::vector<LayerDecoder*> borrowed;
  borrowed.reserve(decoders.size());
  for (const auto& decoder : decoders) borrowed.push_back(decoder.get());
  const auto times = repeat_timing(options.repeats, [&] { return time_decoders(stack, borrowed, options.rounds); });
  AttendLatency latency;
  latency.full_us = times[0].p50;
  latency.flat_us = times[1].p50;
  latency.us.assign(times.begin() + 2, times.end());
  latency.kind = context->report().front().kind;
  return latency;
}

}  // namespace rattan::bench
