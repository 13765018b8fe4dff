#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "context/context_checks.h"
#include "context/context_state.h"
#include "context/head_build.h"
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

}  // namespace

void Context::build_layer(std::uint32_t layer, std::span<const SharedMatrix> keys, std::span<const SharedMatrix> values,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions,
                          BuildStats* stats) {
  const State& state = *state_;
  Executor& executor = executor_or_default(state.params.executor);
  const std::size_t rows = keys.empty() ? 0 : keys.front().view.rows;
  const CheckedPrefill prefill =
      in_layer(layer, [&] { return check_prefill(state.shape, state.params.capacity, keys, values, executor); });
  in_layer(layer, [&] { check_queries(state.shape, queries, query_positions, executor); });
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
  make_ahead<PreparedHead>(
      keys.size(), params.exact != nullptr,
      [&](std::size_t h, PreparedHead spent) {
        const HeadQueries asked{queries.empty() ? queries : queries.subspan(h * group, group), query_positions};
        return prepare_head(asked, prefill.keys[h], prefill.values[h], params, fit, exact, std::move(spent.links));
      },
      [&](std::size_t h, PreparedHead& head, double) {
        const auto prefix = build_prefix(prefill.keys[h], prefill.values[h], std::move(head.plan), head.links, group,
                                         params, &head.stats);
        apply_fit(fit, prefix->choice);
        prefixes.push_back(prefix);
        add_stages(stats, head.stats);
      });
  auto built = std::make_unique<Layer>(prefixes, state.params, state.share);
  built->keep_evidence(queries, query_positions);
  state_->publish(layer, std::move(built));
}

}  // namespace rattan
