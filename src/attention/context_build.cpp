#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attention/context_checks.h"
#include "attention/context_state.h"
#include "core/build_timer.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// Seconds of the heads' stages of one name together.
void add_stages(BuildStats* sum, const BuildStats& head) {
  if (sum == nullptr) return;
  for (const auto& [name, seconds] : head.stages) {
    const auto stage =
        std::find_if(sum->stages.begin(), sum->stages.end(), [&](const auto& s) { return s.first == name; });
    if (stage == sum->stages.end()) {
      sum->stages.emplace_back(name, seconds);
    } else {
      stage->second += seconds;
    }
  }
  sum->unreachable += head.unreachable;
}

}  // namespace

void Context::build_layer(std::uint32_t layer, std::span<const SharedMatrix> keys, std::span<const SharedMatrix> values,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions,
                          BuildStats* stats) {
  const State& state = *state_;
  const ContextParams& params = state.params;
  Executor& executor = executor_or_default(params.executor);
  check_prefill(state.shape, params.capacity, keys, values, executor);
  check_queries(state.shape, queries, query_positions, executor);
  const std::size_t rows = keys.front().view.rows;
  state.check_new(layer, rows);

  std::unique_ptr<ExactTopK> own;
  const ExactTopK* exact = params.exact;
  if (exact == nullptr) {
    own = make_exact_topk_cpu(params.executor);
    exact = own.get();
  }
  const std::uint32_t group = state.shape.query_heads / state.shape.kv_heads;
  const IdRange indexed = indexed_rows(rows, params);
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  for (std::size_t h = 0; h < keys.size(); ++h) {
    BuildStats head_stats;
    BuildTimer timer(&head_stats);
    const HeadQueries head_queries{queries.empty() ? queries : queries.subspan(h * group, group), query_positions};
    HeadPlan plan = plan_head(head_queries, keys[h].view, indexed, state.scale, params);
    timer.stage("plan");
    std::vector<NeighborTable> links;
    if (plan.try_graph) {
      const MatrixView indexed_keys = keys[h].view.slice(indexed.begin, indexed.end - indexed.begin);
      links = make_links(head_queries, indexed_keys, params.link_k, params.link_queries, *exact);
      timer.stage("links");
    }
    prefixes.push_back(build_prefix(keys[h], values[h], std::move(plan), links, group, params, &head_stats));
    add_stages(stats, head_stats);
  }
  state_->publish(layer, std::make_unique<Layer>(prefixes, params));
}

}  // namespace rattan
