#include "bench/context/context_growth.h"

#include <algorithm>

#include "bench/context/context_inputs.h"
#include "bench/inputs/problem.h"
#include "bench/measure/clocks.h"
#include "bench/measure/scratch_folder.h"

namespace rattan::bench {
namespace {

// Built on all threads of `params`; what grows behind it does so on one.
Context built_over(const datasets::KvGroup& group, ContextParams params) {
  const SharedMatrix keys{group.keys.view.slice(0, group.prefill), group.keys.owner};
  const SharedMatrix values{group.values.view.slice(0, group.prefill), group.values.owner};
  const ContextShape shape = context_shape({&group, 1}, 1);
  Context built(shape, params);
  built.build_layer(0, {&keys, 1}, {&values, 1}, prefill_queries({&group, 1}), group.prefill_positions);
  const ScratchFolder folder("rattan-grow");
  built.save(folder.path());
  params.executor = &serial_executor();
  Context context(shape, params);
  context.open_layer(folder.path(), 0, {&keys, 1}, {&values, 1});
  return context;
}

}  // namespace

ContextGrowthCost grow_context(const datasets::KvGroup& group, std::size_t append, ContextParams params) {
  params.softmax_scale = group.softmax_scale;
  params.background_seal = false;
  Context context = built_over(group, params);
  const SharedMatrix queries = gather_steps({&group, 1}, 0, append);
  const std::size_t heads = group.heads();
  ContextGrowthCost cost;
  double sum = 0;
  std::size_t sealed = 0;
  std::size_t first = 0;  // tokens appended when the first seal was over
  for (std::size_t token = 0; token < append; ++token) {
    const double before = wall_seconds();
    context.append(0, 1, group.keys.view.slice(group.prefill + token, 1),
                   group.values.view.slice(group.prefill + token, 1), queries.view.slice(token * heads, heads));
    const double took = wall_seconds() - before;
    cost.worst_ms = std::max(cost.worst_ms, 1e3 * took);
    sum += took;
    const std::size_t now = context.report().front().sealed_tokens;
    if (now == sealed) continue;
    sealed = now;
    if (first == 0) {
      first = token + 1;
      sum = 0;
    } else {
      cost.us = 1e6 * sum / static_cast<double>(token + 1 - first);
    }
  }
  return cost;
}

}  // namespace rattan::bench
