#include "context/head_choice.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "context/head_prefix.h"
#include "context/uncertainty_need.h"
#include "core/check.h"
#include "core/parallel.h"
#include "index/calibrate.h"

namespace rattan {
namespace {

// Fewer keys than that are attended faster than an index is searched.
constexpr std::size_t fewest_keys = 4096;
// With fewer keys a walk is no faster than a pass over all codes (bench/RESULTS.md section 4: as fast at 16,384), and
// links and graph are nearly all of a build's time.
constexpr std::size_t fewest_graph_keys = 24576;
constexpr std::size_t calibration_groups = 32;
// A walk for k keys reads some ten times as many by code, in no order: long before k is a tenth of the keys, one pass
// over all codes is faster. Spares the links and the graph of diffuse heads.
constexpr std::size_t graph_share = 32;
constexpr std::uint32_t largest_width = 1U << 24;

std::uint32_t budget_keys(const Budget& budget, const MassCurve& curve, std::size_t keys) {
  HeadChoice choice;
  choice.curve = curve;
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(choice.first_keys(budget), 1, std::max<std::size_t>(keys, 1)));
}

struct Candidates {
  std::vector<std::shared_ptr<const Index>> indexes;  // the first is flat
  std::vector<HeadKind> kinds;

  void add(HeadKind kind, std::unique_ptr<Index> index) {
    indexes.push_back(std::move(index));
    kinds.push_back(kind);
  }
};

Candidates build_candidates(const SharedMatrix& keys, std::span<const NeighborTable> links, const ContextParams& params,
                            BuildStats* stats) {
  Candidates candidates;
  candidates.add(HeadKind::flat, build_flat(keys));
  if (!links.empty() && params.kind != HeadKind::scan4) {
    GraphBuildParams graph = params.graph;
    graph.executor = params.executor;
    candidates.add(HeadKind::graph, build_graph(keys, links, Metric::inner_product, graph, stats));
  }
  if (params.kind != HeadKind::graph || links.empty()) {
    candidates.add(HeadKind::scan4, build_scan4(keys, Metric::inner_product, {params.executor}, stats));
  }
  return candidates;
}

std::string describe(HeadKind kind, const Trial& trial) {
  std::string text = to_string(kind);
  if (trial.width != 0) text += message(" width ", trial.width);
  text += message(" recall ", std::round(trial.recall * 1000) / 1000);
  if (!trial.reached) text += " is not enough";
  return text;
}

// Of all candidates, in words; and which is the fastest that reaches the recall. Attending to every key reads the
// values too, so flat counts twice.
std::size_t judge(const std::vector<Trial>& trials, const Candidates& candidates, std::string& words) {
  std::size_t best = 0;
  double best_time = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const double time = trials[i].microseconds * (i == 0 ? 2 : 1);
    if (i == 0 || (trials[i].reached && time < best_time)) {
      best = i;
      best_time = time;
    }
    words += i == 0 ? "all keys" : ", " + describe(candidates.kinds[i], trials[i]);
    if (trials[i].reached) words += message(" in ", std::round(time), " us");
  }
  return best;
}

}  // namespace

const char* to_string(HeadKind kind) noexcept {
  switch (kind) {
    case HeadKind::flat: return "flat";
    case HeadKind::scan4: return "scan4";
    case HeadKind::graph: return "graph";
    case HeadKind::automatic: break;
  }
  return "automatic";
}

// Where the unread keys are estimated, what they hold may be much more than epsilon, and how much more depends on how
// good the estimate is: that begins small, and what was found says how many will do.
std::uint32_t HeadChoice::first_keys(const Budget& budget) const noexcept {
  if (!budget.epsilon || !curve.measured() || budget.estimate_unread) return budget.k;
  return std::clamp(curve.keys_for(*budget.epsilon), budget.k, budget.most_k);
}

void HeadChoice::apply_width(std::uint32_t keys, SearchParams& params) const {
  if (k == 0 || width == 0) return;
  const auto scaled = (std::uint64_t{width} * keys + k - 1) / k;
  rattan::apply_width(to_string(kind), static_cast<std::uint32_t>(std::clamp<std::uint64_t>(scaled, 1, largest_width)),
                      params);
}

HeadPlan plan_head(const HeadQueries& queries, MatrixView keys, MatrixView values, IdRange indexed, double scale,
                   const ContextParams& params) {
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
  plan.curve = measure_mass(held_out, plan.calibration.positions, keys, indexed, scale, executor);
  plan.k = budget_keys(params.budget, plan.curve, searched);
  if (params.budget.epsilon && params.budget.estimate_unread && params.clusters != 0) {
    plan.clusters = KeyClusters(keys.slice(indexed.begin, searched), values.slice(indexed.begin, searched), 0,
                                cluster_params(params, params.executor));
    const std::uint32_t needed = keys_for_uncertainty(held_out, plan.calibration.positions, keys, indexed,
                                                      plan.clusters, scale, params.budget, executor);
    plan.k = static_cast<std::uint32_t>(std::min<std::size_t>(needed, std::max<std::size_t>(searched, 1)));
  }
  if (params.kind == HeadKind::scan4) return plan;
  if (queries.rows() == 0) {
    plan.remark = "no graph, no queries to link";
  } else if (params.kind == HeadKind::automatic && searched < fewest_graph_keys) {
    plan.remark = message("no graph, one pays from ", fewest_graph_keys, " keys on");
  } else if (params.kind == HeadKind::automatic && plan.k > searched / graph_share) {
    plan.remark = message("no graph, it would read most of the ", searched, " keys for that");
  } else {
    plan.try_graph = true;
  }
  return plan;
}

ChosenIndex choose_index(SharedMatrix keys, HeadPlan plan, std::span<const NeighborTable> links, std::uint32_t group,
                         const ContextParams& params, BuildStats* stats) {
  HeadChoice choice;
  choice.curve = plan.curve;
  const bool few = params.kind == HeadKind::automatic && keys.view.rows < fewest_keys;
  if (params.kind == HeadKind::flat || few || keys.view.rows == 0) {
    choice.reason = plan.remark.empty() ? "no key to search" : plan.remark;
    return {build_flat(keys), std::move(choice)};
  }
  const Candidates candidates = build_candidates(keys, links, params, stats);
  std::size_t best = 1;  // a graph where there is one
  choice.reason = message("k ", plan.k, ": ");
  if (plan.calibration.positions.empty()) {
    choice.reason += "not measured, no queries held out";
  } else {
    AutoBuildParams trial_params;
    trial_params.k = plan.k;
    trial_params.group = group;
    trial_params.recall = params.recall;
    trial_params.executor = params.executor;
    std::vector<const Index*> tried;
    for (const auto& index : candidates.indexes) tried.push_back(index.get());
    const MatrixView queries = plan.calibration.queries.view;
    std::vector<Trial> trials;
    if (params.kind == HeadKind::automatic) {
      trials = try_out(tried, queries, trial_params);
      best = judge(trials, candidates, choice.reason);
    } else {
      trials = find_widths(tried, queries, trial_params);
      choice.reason += message("as asked, ", describe(candidates.kinds[best], trials[best]));
    }
    choice.k = plan.k;
    choice.width = trials[best].width;
  }
  if (!plan.remark.empty()) choice.reason += message("; ", plan.remark);
  choice.kind = candidates.kinds[best];
  return {candidates.indexes[best], std::move(choice)};
}

}  // namespace rattan
