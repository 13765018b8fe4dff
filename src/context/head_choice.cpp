#include "context/head_choice.h"

#include <algorithm>
#include <utility>

#include "context/head_prefix.h"
#include "context/uncertainty_need.h"
#include "core/check.h"
#include "core/parallel.h"
#include "index/choose_kind.h"
#include "index/flat_index.h"

namespace rattan {
namespace {

// With fewer keys a walk is no faster than a pass over all codes (bench/RESULTS.md section 4: as fast at 16,384), and
// links and graph are nearly all of a build's time.
constexpr std::size_t fewest_linked_keys = 24576;
constexpr std::size_t calibration_groups = 32;
// A walk for k keys reads some ten times as many by code, in no order: long before k is a tenth of the keys, one pass
// over all codes is faster. Spares the links and the graph of diffuse heads.
constexpr std::size_t linked_share = 32;

std::uint32_t budget_keys(const Budget& budget, const MassCurve& curve, std::size_t keys) {
  HeadChoice choice;
  choice.curve = curve;
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(choice.first_keys(budget), 1, std::max<std::size_t>(keys, 1)));
}

// Attending to every key reads the values too.
double head_cost(const IndexKind& kind, double microseconds) { return kind.exact ? 2 * microseconds : microseconds; }

}  // namespace

// Where the unread keys are estimated, what they hold may be much more than epsilon, and how much more depends on how
// good the estimate is: that begins small, and what was found says how many will do.
std::uint32_t HeadChoice::first_keys(const Budget& budget) const noexcept {
  if (!budget.epsilon || !curve.measured() || budget.estimate_unread) return budget.k;
  return std::clamp(curve.keys_for(*budget.epsilon), budget.k, budget.most_k);
}

void HeadChoice::apply_width(std::uint32_t keys, SearchParams& params) const {
  const IndexKind& row = *find_kind(kind);
  row.apply_row_widths(row_widths, params);
  FoundWidth{&row, k, width}.apply(keys, params);
}

// Factors that were saved for another number of query heads are left out.
void HeadChoice::apply_width(std::uint32_t keys, std::size_t group, std::span<const std::size_t> rows,
                             std::vector<float>& widths, SearchParams& params) const {
  if (row_widths.size() == group && rows.size() != group) {
    widths.clear();
    for (const std::size_t row : rows) widths.push_back(row_widths[row]);
    find_kind(kind)->apply_row_widths(widths, params);
  }
  apply_width(keys, params);
}

bool wants_index(std::size_t searched, const ContextParams& params) noexcept {
  if (params.kind == HeadKind::flat || searched == 0) return false;
  return params.kind != HeadKind::automatic || searched >= fewest_keys;
}

HeadPlan plan_head(const HeadQueries& queries, const CheckedMatrix& keys, const CheckedMatrix& values, IdRange indexed,
                   double scale, const ContextParams& params) {
  HeadPlan plan;
  const std::size_t searched = indexed.end - indexed.begin;
  plan.k = budget_keys(params.budget, plan.curve, searched);
  if (params.kind == HeadKind::flat) {
    plan.remark = "as asked";
    return plan;
  }
  if (params.kind == HeadKind::automatic && searched < fewest_keys) {
    plan.remark = message("attends to all keys: ", searched, " to search, an index pays from ", fewest_keys, " on");
    return plan;
  }
  plan.calibration = gather_calibration(queries, calibration_groups);
  const MatrixView held_out = plan.calibration.queries.view;
  Executor& executor = executor_or_default(params.executor);
  const Logits logits(scale, params.logit_cap);
  plan.curve = measure_mass(held_out, plan.calibration.positions, keys.view(), indexed, logits, executor);
  plan.k = budget_keys(params.budget, plan.curve, searched);
  if (params.budget.epsilon && params.budget.estimate_unread && params.clusters != 0) {
    plan.clusters = KeyClusters(keys.slice(indexed.begin, searched), values.slice(indexed.begin, searched), 0,
                                cluster_params(params, params.executor));
    const std::uint32_t needed = keys_for_uncertainty(held_out, plan.calibration.positions, keys.view(), indexed,
                                                      plan.clusters, logits, params.budget, executor);
    plan.k = static_cast<std::uint32_t>(std::min<std::size_t>(needed, std::max<std::size_t>(searched, 1)));
  }
  const bool automatic = params.kind == HeadKind::automatic;
  if (!automatic && !find_kind(params.kind)->needs_links) return plan;
  const std::string none = message("no ", names_of_linked(params.kind), ", ");
  if (queries.rows() == 0) {
    plan.remark = none + "no queries to link";
  } else if (automatic && searched < fewest_linked_keys) {
    plan.remark = message(none, "one pays from ", fewest_linked_keys, " keys on");
  } else if (automatic && plan.k > searched / linked_share) {
    plan.remark = message(none, "it would read most of the ", searched, " keys for that");
  } else {
    plan.wants_links = true;
  }
  return plan;
}

ChosenIndex choose_index(const CheckedMatrix& keys, const HeadPlan& plan, std::span<const NeighborTable> links,
                         std::uint32_t group, const ContextParams& params, BuildStats* stats) {
  HeadChoice choice;
  choice.curve = plan.curve;
  if (!wants_index(keys.rows(), params)) {
    choice.reason = plan.remark.empty() ? "no key to search" : plan.remark;
    return {std::make_shared<const FlatIndex>(keys, Metric::inner_product), std::move(choice)};
  }
  const auto kinds = allowed_kinds(params.kind, !links.empty());
  BuildInputs inputs{
      keys, Metric::inner_product, links, plan.calibration.queries.view, {.graph = params.graph}, params.executor};
  inputs.params.automatic.k = plan.k;
  inputs.params.automatic.group = group;
  inputs.params.automatic.recall = params.recall;
  choice.reason = message("k ", plan.k, ": ");
  ChosenKind chosen;
  if (plan.calibration.positions.empty()) {
    chosen.index = kinds.back()->build(inputs, stats);
    chosen.width.kind = kinds.back();
    choice.reason += "not measured, no queries held out";
  } else if (params.kind == HeadKind::automatic) {
    chosen = choose_kind(kinds, inputs, head_cost, stats);
    choice.reason += chosen.words(" ", ", ");
  } else {
    chosen = take_kind(*kinds.back(), *kinds.front(), inputs, stats);
    choice.reason += "as asked, " + chosen.words(" ", ", ");
    const IndexKind* const other = allowed_kinds(params.kind, false).back();
    if (!chosen.reached && other != kinds.back()) {
      ChosenKind instead = take_kind(*other, *kinds.front(), inputs, stats);
      choice.reason += message(", ", instead.words(" ", ", "));
      if (instead.worst_recall > chosen.worst_recall) chosen = std::move(instead);
    }
  }
  if (!plan.remark.empty()) choice.reason += message("; ", plan.remark);
  choice.kind = static_cast<HeadKind>(chosen.width.kind->head_kind);
  choice.k = chosen.width.k;
  choice.width = chosen.width.width;
  choice.row_widths = chosen.width.row_widths;
  choice.recall = chosen.recall;
  choice.worst_recall = chosen.worst_recall;
  return {chosen.index, std::move(choice)};
}

}  // namespace rattan
