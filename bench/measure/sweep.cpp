#include "bench/measure/sweep.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "bench/inputs/text.h"
#include "bench/measure/bisect.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/latency.h"
#include "bench/measure/measure.h"
#include "bench/measure/ood.h"
#include "bench/measure/repeats.h"
#include "bench/measure/run_record.h"
#include "bench/measure/settings.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

// One way to ask one index: what bisection turns the width of.
struct Candidate {
  const BuiltIndex* built;
  SearchSetup setup;
  std::unique_ptr<SettingSearch> search;
  std::map<std::uint32_t, Quality> quality;  // by setting
};

struct Choice {
  Candidate* candidate = nullptr;
  SettingSearch::Result result;
};

struct HeadState {
  std::string source;
  int layer = 0;
  int kv_head = 0;
  HeadProblem problem;
  std::map<BuildKind, std::vector<BuiltIndex>> built;
};

// What a timed row needs after the variants of its head are measured.
struct Timed {
  std::size_t row;
  LatencyJob job;
};

class Sweep {
 public:
  Sweep(const SweepOptions& options, Progress& progress, SweepHooks hooks)
      : options_(options),
        progress_(progress),
        hooks_(std::move(hooks)),
        executor_(make_thread_executor(options.threads)),
        exact_(make_exact_topk_cpu(executor_.get())) {
    set_build_run(options_.build, options.seed, executor_.get());
    data_.points = hooks_.done.points;
    data_.ood = hooks_.done.ood;
    passed_on_.points = data_.points.size();
    passed_on_.ood = data_.ood.size();
  }

  void measure_head(const HeadSource& source, const std::string& place);
  void pass_on();
  void say_stopped(std::size_t measured, std::size_t heads);
  ReportData take() {
    data_.rows = with_aggregates(std::move(data_.rows));
    return std::move(data_);
  }

 private:
  std::vector<Variant> variants_left(const HeadState& state, DType dtype);
  void build(HeadState& state, BuildKind kind);
  std::vector<Candidate> candidates(const HeadState& state, const Variant& variant);
  Evaluation run(const HeadState& state, const Candidate& candidate, std::uint32_t setting);
  Choice choose(std::vector<Candidate>& candidates, double target);
  void measure_variant(HeadState& state, const Variant& variant);
  SweepRow make_row(const HeadState& state, const Choice& choice, double target) const;
  void keep_points(const HeadState& state, const std::vector<Candidate>& candidates);
  SearchSetup with_setting(const Candidate& candidate, std::uint32_t setting) const;
  void time_rows();

  SweepOptions options_;
  Progress& progress_;
  SweepHooks hooks_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<ExactTopK> exact_;
  std::vector<Timed> timed_;  // of the head at hand
  ReportData data_;
  struct {
    std::size_t rows = 0, points = 0, ood = 0;
  } passed_on_;
  std::string place_;
};

SearchSetup Sweep::with_setting(const Candidate& candidate, std::uint32_t setting) const {
  SearchSetup setup = candidate.setup;
  setup.setting = setting;
  return setup;
}

Evaluation Sweep::run(const HeadState& state, const Candidate& candidate, std::uint32_t setting) {
  stop_if_asked();
  progress_.show(place_ + ", " + describe_setting(*candidate.built, candidate.setup, setting));
  const NeighborTable found =
      search_all_steps(*candidate.built->index, state.problem, with_setting(candidate, setting), *executor_);
  return evaluate(found, state.problem, setting);
}

std::vector<Candidate> Sweep::candidates(const HeadState& state, const Variant& variant) {
  std::vector<Candidate> list;
  const std::vector<double> no_limit = {0};
  for (const BuiltIndex& built : state.built.at(variant.build)) {
    for (const double expansions : variant.build == BuildKind{"graph"} ? options_.expansions : no_limit) {
      list.push_back({&built, {variant, 0, expansions, options_.start_keys_per_head}, nullptr, {}});
    }
  }
  for (Candidate& candidate : list) {
    candidate.search = std::make_unique<SettingSearch>(
        setting_range(*candidate.built, variant, state.problem),
        [this, &state, &candidate](std::uint32_t setting) { return run(state, candidate, setting); });
  }
  return list;
}

// Among candidates that reach, the one that reads fewest keys; else the one of best recall.
Choice Sweep::choose(std::vector<Candidate>& candidates, double target) {
  Choice best;
  for (Candidate& candidate : candidates) {
    const SettingSearch::Result result = candidate.search->cheapest(target);
    const Evaluation& now = result.evaluation;
    const Evaluation& old = best.result.evaluation;
    const bool better = result.reached != best.result.reached ? result.reached
                        : result.reached                      ? now.keys_per_query < old.keys_per_query
                                                              : now.recall > old.recall;
    if (best.candidate == nullptr || better) best = {&candidate, result};
  }
  return best;
}

SweepRow Sweep::make_row(const HeadState& state, const Choice& choice, double target) const {
  const HeadProblem& problem = state.problem;
  const Evaluation& evaluation = choice.result.evaluation;
  const BuiltIndex& built = *choice.candidate->built;
  const double keys = static_cast<double>(problem.keys.view.rows);
  SweepRow row;
  row.source = state.source;
  row.index = choice.candidate->setup.variant.name;
  row.layer = state.layer;
  row.kv_head = state.kv_head;
  row.keys = problem.keys.view.rows;
  row.dim = problem.keys.view.cols;
  row.dtype = to_string(problem.keys.view.dtype);
  row.heads = problem.heads;
  row.k = problem.k;
  row.target = target;
  row.reached = choice.result.reached;
  row.heads_reached = row.reached ? 1 : 0;
  row.setting = describe_result(built, choice.candidate->setup, choice.result);
  row.recall = evaluation.recall;
  row.recall_worst_head = evaluation.recall_worst_head;
  row.scan_fraction = evaluation.keys_per_query / keys;
  row.scan_group = evaluation.keys_per_step / keys;
  row.keys_per_query = evaluation.keys_per_query;
  row.bytes_per_query = evaluation.bytes_per_query;
  row.centroids_per_query = evaluation.centroids_per_query;
  row.codes_per_query = evaluation.codes_per_query;
  row.expansions_per_query = evaluation.expansions_per_query;
  const Quality& quality = choice.candidate->quality.at(evaluation.setting);
  row.mass = quality.mass;
  row.output_error = quality.output_error;
  row.build_s = built.stats.seconds();
  row.build_stages = built.stats.stages;
  row.unreachable = built.stats.unreachable;
  row.index_bytes = built.bytes();
  row.index_share = static_cast<double>(row.index_bytes) / (2 * keys * static_cast<double>(row.dim));
  row.window = problem.window;
  row.queries = problem.steps;
  row.run = run_record(executor_->workers(), options_.seed);
  return row;
}

void Sweep::keep_points(const HeadState& state, const std::vector<Candidate>& candidates) {
  const auto keys = static_cast<double>(state.problem.keys.view.rows);
  for (const Candidate& candidate : candidates) {
    std::string variant = candidate.built->label;
    if (candidate.setup.expansions_per_width > 0) {
      variant += " x" + significant(candidate.setup.expansions_per_width, 2);
    }
    for (const auto& [setting, evaluation] : candidate.search->evaluated()) {
      data_.points.push_back({state.source, std::string(candidate.setup.variant.name), state.layer, state.kv_head,
                              variant, setting, evaluation.recall, evaluation.keys_per_query / keys,
                              evaluation.bytes_per_query});
    }
  }
}

void Sweep::measure_variant(HeadState& state, const Variant& variant) {
  std::vector<Candidate> list = candidates(state, variant);
  for (const double target : options_.targets) {
    const Choice choice = choose(list, target);
    const std::uint32_t setting = choice.result.evaluation.setting;
    const SearchSetup setup = with_setting(*choice.candidate, setting);
    const Index& index = *choice.candidate->built->index;
    if (choice.candidate->quality.count(setting) == 0) {
      const NeighborTable found = search_all_steps(index, state.problem, setup, *executor_);
      choice.candidate->quality[setting] = measure_quality(found, state.problem, options_.quality_steps, *executor_);
    }
    timed_.push_back({data_.rows.size(), {&index, &state.problem, setup}});
    data_.rows.push_back(make_row(state, choice, target));
  }
  keep_points(state, list);
}

void Sweep::build(HeadState& state, BuildKind kind) {
  if (state.built.count(kind) != 0) return;
  if (!kind.group_walk) {
    state.built[kind] = build_indexes(kind, state.problem, options_.build, *exact_);
    return;
  }
  build(state, {kind.name});
  for (const BuiltIndex& hnsw : state.built.at({kind.name})) {
    state.built[kind].push_back(group_walk_over(hnsw, state.problem));
  }
}

// The variants that the earlier run lacks; rows of the others are taken over.
std::vector<Variant> Sweep::variants_left(const HeadState& state, DType dtype) {
  std::vector<Variant> left;
  for (const Variant& variant : options_.variants) {
    std::vector<SweepRow> rows;
    for (const double target : options_.targets) {
      const auto same = [&](const SweepRow& row) {
        return row.scope == "head" && row.index == variant.name && row.source == state.source &&
               row.layer == state.layer && row.kv_head == state.kv_head && row.target == target &&
               row.k == options_.problem.k && row.dtype == to_string(dtype) && row.run.seed == options_.seed &&
               (options_.latency_steps == 0 || row.latency_steps > 0);
      };
      const auto found = std::ranges::find_if(hooks_.done.rows, same);
      if (found != hooks_.done.rows.end()) rows.push_back(*found);
    }
    if (rows.size() < options_.targets.size()) {
      left.push_back(variant);
      std::erase_if(data_.points, [&](const CurvePoint& point) {
        return point.index == variant.name && point.source == state.source && point.layer == state.layer &&
               point.kv_head == state.kv_head;
      });
    } else {
      data_.rows.insert(data_.rows.end(), rows.begin(), rows.end());
    }
  }
  passed_on_.rows = data_.rows.size();
  passed_on_.points = data_.points.size();
  return left;
}

void Sweep::measure_head(const HeadSource& source, const std::string& place) {
  const std::string head =
      place + " layer " + std::to_string(source.layer) + " KV head " + std::to_string(source.kv_head);
  progress_.show(head + ": data and exact truth");
  stop_if_asked();
  HeadState state;
  datasets::KvGroup group = source.load();
  state.source = source_label(source, group);
  state.layer = source.layer;
  state.kv_head = source.kv_head;
  const std::vector<Variant> left = variants_left(state, options_.problem.keys_as.value_or(group.keys.view.dtype));
  if (left.empty()) return;
  state.problem = make_problem(std::move(group), options_.problem, *exact_);
  const bool described = std::ranges::any_of(hooks_.done.ood, [&](const OodHead& ood) {
    return ood.source == state.source && ood.layer == state.layer && ood.kv_head == state.kv_head;
  });
  if (options_.ood && !described) data_.ood.push_back(describe_ood(state.problem.group, state.source, *executor_));
  timed_.clear();
  for (const Variant& variant : left) {
    stop_if_asked();
    progress_.show(head + ": building " + std::string(variant.build.name));
    build(state, variant.build);
    place_ = head + ": " + std::string(variant.name);
    measure_variant(state, variant);
    if (options_.latency_steps == 0) pass_on();
  }
  progress_.show(head + ": timing");
  time_rows();
  pass_on();
}

void Sweep::time_rows() {
  if (options_.latency_steps == 0) return;
  std::vector<LatencyJob> jobs;
  for (const Timed& timed : timed_) jobs.push_back(timed.job);
  std::vector<LatencyRun> runs;
  for (std::size_t i = 0; i < options_.repeats; ++i) runs.push_back(measure_latency(jobs, options_.latency_steps));
  for (std::size_t i = 0; i < timed_.size(); ++i) {
    SweepRow& row = data_.rows[timed_[i].row];
    std::vector<double> medians;
    std::vector<double> tails;
    for (const LatencyRun& run : runs) {
      medians.push_back(run.latencies[i].us_p50);
      tails.push_back(run.latencies[i].us_p99);
    }
    const MeanDeviation p50 = mean_and_deviation(medians);
    row.us_p50 = p50.mean;
    row.us_p50_deviation = p50.deviation;
    row.us_p99 = mean_and_deviation(tails).mean;
    row.latency_steps = runs.front().steps;
    row.repeats = runs.size();
    row.cycle_mb = runs.front().cycle_mb;
  }
}

void Sweep::pass_on() {
  const auto from = [](const auto& all, std::size_t& begin) {
    auto part = std::vector(all.begin() + static_cast<std::ptrdiff_t>(begin), all.end());
    begin = all.size();
    return part;
  };
  ReportData part;
  part.rows = from(data_.rows, passed_on_.rows);
  part.points = from(data_.points, passed_on_.points);
  part.ood = from(data_.ood, passed_on_.ood);
  if (hooks_.on_part) hooks_.on_part(part);
}

void Sweep::say_stopped(std::size_t measured, std::size_t heads) {
  data_.notes.push_back(message("Stopped by a signal: ", measured, " of ", heads,
                                " KV heads are complete, another may be there in part."));
}

}  // namespace

ReportData run_sweep(const std::vector<HeadSource>& heads, const SweepOptions& options, Progress& progress,
                     SweepHooks hooks) {
  Sweep sweep(options, progress, std::move(hooks));
  progress.expect(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    try {
      sweep.measure_head(heads[i], std::to_string(i + 1) + "/" + std::to_string(heads.size()));
      progress.part_done();
    } catch (const Stopped&) {
      sweep.pass_on();
      sweep.say_stopped(i, heads.size());
      break;
    } catch (const Error& error) {
      fail(error.code(), heads[i].source, ", layer ", heads[i].layer, ", KV head ", heads[i].kv_head, ": ",
           error.what());
    }
  }
  return sweep.take();
}

}  // namespace rattan::bench
