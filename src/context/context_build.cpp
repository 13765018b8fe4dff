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

// A head whose keys and values have been read, and what was made of them before its index.
struct ReadHead {
  HeadRows rows;
  PreparedHead head;
};

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

// Whether there is anything to build that takes its time.
bool builds_late(const HeadFit& fit, std::size_t rows, const ContextParams& params) {
  const IdRange indexed = indexed_rows(rows, params);
  return fit.index && wants_index(indexed.end - indexed.begin, params);
}

HeadQueries queries_of_head(std::span<const MatrixView> queries, std::span<const std::int64_t> positions,
                            std::size_t head, std::size_t group) {
  return {queries.empty() ? queries : queries.subspan(head * group, group), positions};
}

// The rows of a prefill whose index comes later: until then of a flat one, which takes no memory.
std::shared_ptr<HeadPrefix> rows_alone(const HeadRows& rows, const ContextParams& params) {
  ContextParams flat = params;
  flat.kind = HeadKind::flat;
  return build_prefix(rows.keys, rows.values, {}, {}, 1, flat, nullptr);
}

}  // namespace

void Context::State::build(std::uint32_t layer, const LayerInput& input, std::span<const MatrixView> queries,
                           std::span<const std::int64_t> query_positions, BuildStats* stats) {
  in_layer(layer, [&] { check_queries(shape, queries, query_positions, executor_or_default(params.executor)); });
  check_new(layer, input.rows());
  const bool with_queries = !queries.empty() && queries.front().rows != 0;
  const HeadFit fit = fit_head(held_prefill(input.rows(), params, input.paged()), with_queries, shape, params, share);
  if (params.background_build && builds_late(fit, input.rows(), params)) {
    return build_later(layer, input, queries, query_positions, fit);
  }
  const ContextParams fitted = fitted_params(params, fit);

  const std::unique_ptr<ExactTopK> own = params.exact == nullptr ? make_exact_topk_cpu(params.executor) : nullptr;
  const ExactTopK& exact = params.exact == nullptr ? *own : *params.exact;
  const std::uint32_t group = shape.query_heads / shape.kv_heads;
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  // A device finds the next head's links while this one's index is built here. Links found here would only get in the
  // way.
  make_ahead<ReadHead>(
      input.heads(), params.exact != nullptr,
      [&](std::size_t h, ReadHead spent) {
        const HeadQueries asked = queries_of_head(queries, query_positions, h, group);
        ReadHead read{in_layer(layer, [&] { return input.head(h); }), {}};
        read.head =
            prepare_head(asked, read.rows.keys, read.rows.values, fitted, fit, exact, std::move(spent.head.links));
        return read;
      },
      [&](std::size_t, ReadHead& read, double) {
        PreparedHead& head = read.head;
        const auto prefix = build_prefix(read.rows.keys, read.rows.values, std::move(head.plan), head.links, group,
                                         fitted, &head.stats);
        apply_fit(fit, prefix->choice);
        if (input.paged()) forget_rows(*prefix);
        read.rows = {};
        prefixes.push_back(prefix);
        add_stages(stats, head.stats);
      });
  auto built = std::make_unique<Layer>(prefixes, params, share, input.pages());
  built->keep_evidence(queries, query_positions);
  publish(layer, std::move(built));
}

void Context::State::build_later(std::uint32_t layer, const LayerInput& input, std::span<const MatrixView> queries,
                                 std::span<const std::int64_t> query_positions, const HeadFit& fit) {
  const ContextParams fitted = fitted_params(params, fit);
  const std::uint32_t group = shape.query_heads / shape.kv_heads;
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  std::vector<std::shared_ptr<const HeadIndex>> codes;
  Layer::Builds pending;
  for (std::size_t h = 0; h < input.heads(); ++h) {
    const HeadRows rows = in_layer(layer, [&] { return input.head(h); });
    const IdRange indexed = indexed_rows(rows.keys.rows(), params);
    codes.push_back(codes_alone(rows.keys.slice(indexed.begin, indexed.end - indexed.begin), params));
    const auto prefix = rows_alone(rows, params);
    if (input.paged()) forget_rows(*prefix);
    prefixes.push_back(prefix);
    pending.push_back(std::make_shared<PendingBuild>(queries_of_head(queries, query_positions, h, group), group, fitted,
                                                     fit, input.paged()));
  }
  auto built = std::make_unique<Layer>(prefixes, params, share, input.pages());
  built->expect_builds(std::move(codes), std::move(pending));
  built->keep_evidence(queries, query_positions);
  builds.order(*built);
  publish(layer, std::move(built));
}

void Context::build_layer(std::uint32_t layer, std::span<const SharedMatrix> keys, std::span<const SharedMatrix> values,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions,
                          BuildStats* stats) {
  const LayerInput input = in_layer(layer, [&] { return LayerInput(state_->shape, state_->params, keys, values); });
  state_->build(layer, input, queries, query_positions, stats);
}

void Context::build_layer(std::uint32_t layer, std::span<const PagedRows> keys, std::span<const PagedRows> values,
                          std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions,
                          BuildStats* stats) {
  const LayerInput input = in_layer(layer, [&] { return LayerInput(state_->shape, state_->params, keys, values); });
  state_->build(layer, input, queries, query_positions, stats);
}

}  // namespace rattan
