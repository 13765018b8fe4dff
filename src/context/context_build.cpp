#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "context/context_checks.h"
#include "context/context_state.h"
#include "core/build_timer.h"
#include "core/make_ahead.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// Seconds of the heads' stages of one name together.
void add_stages(BuildStats* sum, const BuildStats& head) {
  if (sum == nullptr) return;
  for (const auto& stage : head.stages) {
    const auto same =
        std::find_if(sum->stages.begin(), sum->stages.end(), [&](const auto& s) { return s.first == stage.first; });
    if (same == sum->stages.end()) {
      sum->stages.push_back(stage);
    } else {
      same->second += stage.second;
    }
  }
  sum->unreachable += head.unreachable;
}

// What is known of a head before its index is built.
struct Prepared {
  HeadPlan plan;
  std::vector<NeighborTable> links;
  BuildStats stats;
};

Prepared prepare(const HeadQueries& queries, const CheckedMatrix& keys, const CheckedMatrix& values, double scale,
                 const ContextParams& params, const HeadFit& fit, const ExactTopK& exact,
                 std::vector<NeighborTable> spent) {
  Prepared prepared;
  const IdRange indexed = indexed_rows(keys.rows(), params);
  BuildTimer timer(&prepared.stats);
  prepared.plan = plan_head(queries, keys, values, indexed, scale, params);
  apply_fit(fit, prepared.plan);
  timer.stage("plan");
  if (!prepared.plan.wants_links) return prepared;
  const CheckedMatrix searched = keys.slice(indexed.begin, indexed.end - indexed.begin);
  prepared.links = make_links(queries, searched, params.links_k, params.link_queries, exact, std::move(spent));
  timer.stage("links");
  return prepared;
}

}  // namespace

void Context::build_layer(std::uint32_t layer, std::span<const SharedMatrix> keys, std::span<const SharedMatrix> values,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions,
                          BuildStats* stats) {
  const State& state = *state_;
  Executor& executor = executor_or_default(state.params.executor);
  const std::size_t rows = keys.empty() ? 0 : keys.front().view.rows;
  const CheckedPrefill prefill = check_prefill(state.shape, state.params.capacity, keys, values, executor);
  check_queries(state.shape, queries, query_positions, executor);
  state.check_new(layer, rows);
  const bool with_queries = !queries.empty() && queries.front().rows != 0;
  const HeadFit fit = fit_head(rows, with_queries, state.shape, state.params, state.share);
  const ContextParams params = fitted_params(state.params, fit);

  const std::unique_ptr<ExactTopK> own = params.exact == nullptr ? make_exact_topk_cpu(params.executor) : nullptr;
  const ExactTopK& exact = params.exact == nullptr ? *own : *params.exact;
  const std::uint32_t group = state.shape.query_heads / state.shape.kv_heads;
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  // A device finds the next head's links while this one's index is built here. Links found here would only get in the
  // way.
  make_ahead<Prepared>(
      keys.size(), params.exact != nullptr,
      [&](std::size_t h, Prepared spent) {
        const HeadQueries asked{queries.empty() ? queries : queries.subspan(h * group, group), query_positions};
        return prepare(asked, prefill.keys[h], prefill.values[h], state.scale, params, fit, exact,
                       std::move(spent.links));
      },
      [&](std::size_t h, Prepared& head, double) {
        const auto prefix = build_prefix(prefill.keys[h], prefill.values[h], std::move(head.plan), head.links, group,
                                         params, &head.stats);
        apply_fit(fit, prefix->choice);
        prefixes.push_back(prefix);
        add_stages(stats, head.stats);
      });
  state_->publish(layer, std::make_unique<Layer>(prefixes, state.params, state.share));
}

}  // namespace rattan
