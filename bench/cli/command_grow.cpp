#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/context/context_growth.h"
#include "bench/context/context_inputs.h"
#include "bench/context/prompt_ways.h"
#include "bench/measure/growth.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/progress.h"
#include "bench/report/growth_table.h"
#include "bench/report/prompt_table.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct GrowFlags {
  DataSelection data;
  ProblemOptions problem;
  BuildOptions build;
  GrowthOptions growth;
  RunFlags run;
  std::vector<std::size_t> segments = {2048};
  std::vector<std::uint32_t> links_k = {GrowthParams{}.links_k};
  std::vector<double> queries = {GrowthParams{}.queries_per_key};
  std::vector<std::uint32_t> entry_points = {GrowthParams{}.segment_entry_points};
  std::uint32_t beam = 200;
  std::size_t repeats = 1;
  std::size_t chunks = 0;  // not 0: the prompt comes in several ways instead
  std::string kind = "graph";
  std::uint32_t kept_queries = ContextParams{}.kept_queries;
};

ContextParams context_params(const GrowFlags& flags, HeadKind kind, Executor* executor) {
  ContextParams params;
  params.kind = kind;
  params.sinks = flags.problem.sinks;
  params.recent = flags.problem.recent;
  params.budget.k = flags.problem.k;
  params.graph = flags.build.graph;
  params.kept_queries = flags.kept_queries;
  params.seed = flags.run.seed;
  params.executor = executor;
  return params;
}

// Of a context's head over the same prefill, whose segments are as long; NaN without values.
double context_us(const datasets::KvGroup& group, const GrowFlags& flags, std::size_t segment, Executor* executor) {
  if (group.values.view.rows == 0) return not_measured;
  ContextParams params = context_params(flags, HeadKind::graph, executor);
  params.seal_after = static_cast<std::uint32_t>(2 * segment);
  datasets::KvGroup converted = group;
  reencode(converted, flags.problem.keys_as, flags.problem.queries_as);
  const double us = grow_context(converted, flags.growth.append, params).us;
  return us == 0 ? not_measured : us;
}

// Built on all threads; growth and searches are on one.
std::shared_ptr<const Index> build_over(const HeadProblem& problem, const std::vector<NeighborTable>& links,
                                        const BuildOptions& build) {
  return build_graph(problem.keys, links, Metric::inner_product, build.graph);
}

std::vector<GrowthOptions> ways_to_grow(const GrowFlags& flags) {
  std::vector<GrowthOptions> ways;
  GrowthOptions way = flags.growth;
  way.growth.graph = flags.build.graph;
  for (const std::size_t segment : flags.segments) {
    way.segment = segment;
    for (const std::uint32_t links_k : flags.links_k) {
      way.growth.links_k = links_k;
      for (const double queries : flags.queries) {
        way.growth.queries_per_key = queries;
        for (const std::uint32_t entry_points : flags.entry_points) {
          way.growth.segment_entry_points = entry_points;
          ways.push_back(way);
        }
      }
    }
  }
  return ways;
}

struct GrowReport {
  RecordStream records;
  std::string legend = {};
};

void measure_head(const HeadSource& source, const GrowFlags& flags, const Run& run, const ExactTopK& exact,
                  Progress& progress, GrowReport& report) {
  const datasets::KvGroup group = source.load();
  const std::string label = source_label(source, group);
  const GrowthProblem problem =
      make_growth_problem(group, flags.problem, flags.growth.append, flags.growth.window, exact);
  progress.show(label + ": building the base");
  const auto base = build_over(problem.base, make_links(problem.base, flags.build.links, exact), flags.build);
  progress.show(label + ": building anew over all keys");
  const auto fresh = build_over(problem.whole, make_whole_links(problem, flags.build.links, exact), flags.build);
  GrowthMeasurement measured{.source = label, .problem = problem, .beam = flags.beam, .run = run.record};
  measured.options.segment = 0;
  measured.fresh = evaluate_growth(GrowingIndex(fresh, {}), problem, flags.beam);
  for (const GrowthOptions& way : ways_to_grow(flags)) {
    stop_if_asked();
    if (way.segment != measured.options.segment) {
      progress.show(label + ": growing a context");
      measured.context_us.clear();
      for (std::size_t i = 0; i < flags.repeats; ++i) {
        measured.context_us.push_back(context_us(group, flags, way.segment, run.executor.get()));
      }
    }
    progress.show(label + ": growing");
    measured.options = way;
    measured.costs.assign(flags.repeats, {});
    std::unique_ptr<GrowingIndex> grown;
    for (GrowthCost& cost : measured.costs) grown = grow(base, problem, way, cost);
    measured.grown = evaluate_growth(*grown, problem, flags.beam);
    if (report.legend.empty()) report.legend = growth_legend(measured);
    report.records.add(to_record(measured));
  }
}

void measure_ways(const HeadSource& source, const GrowFlags& flags, const Run& run, const ExactTopK& exact,
                  Progress& progress, GrowReport& report) {
  datasets::KvGroup group = source.load();
  const std::string label = source_label(source, group);
  if (group.values.view.rows == 0) fail(ErrorCode::invalid_argument, label, ": values are missing");
  progress.show(label + ": three ways of a prompt");
  const HeadProblem problem = make_problem(std::move(group), flags.problem, exact);
  ContextParams params = context_params(flags, head_kind(flags.kind), run.executor.get());
  params.sinks = problem.indexed.begin;
  params.recent = static_cast<std::uint32_t>(problem.group.prefill - problem.indexed.end);
  params.softmax_scale = problem.group.softmax_scale;
  for (const PromptWay& way : measure_prompt_ways(problem, params, {flags.chunks, flags.beam, flags.repeats}, exact)) {
    if (report.legend.empty()) report.legend = prompt_legend(problem, way, run.record);
    report.records.add(to_record(label, problem, way, run.record));
  }
}

void check_flags(const GrowFlags& flags, const CLI::App& app) {
  if (flags.chunks == 0) {
    refuse_unused(app, {"--index", "--kept-queries"}, "--chunks");
  } else {
    refuse_unused(app, {"--append", "--segment", "--segment-links", "--segment-queries", "--segment-entry-points"},
                  "growth without --chunks");
  }
  refuse_unused_build_flags(app, {"graph"});
}

void run_grow(GrowFlags& flags, const CLI::App& app) {
  check_flags(flags, app);
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(run.executor.get());
  set_build_run(flags.build, flags.run.seed, run.executor.get());
  GrowReport report{RecordStream(std::cout, run.format)};
  try {
    Progress progress;
    for (const HeadSource& source : list_heads(flags.data, run.executor.get())) {
      stop_if_asked();
      (flags.chunks == 0 ? measure_head : measure_ways)(source, flags, run, *exact, progress, report);
    }
  } catch (const Stopped&) {  // what was measured until then is written
  }
  report.records.finish();
  if (run.format == Format::markdown) std::cout << '\n' << report.legend;
  stop_if_asked();
}

template <typename T>
void add_list(CLI::App& app, const char* name, std::vector<T>& values, const char* meaning) {
  app.add_option(name, values, meaning)->delimiter(',')->type_name("LIST")->group("Growth");
}

}  // namespace

Action configure_grow(CLI::App& app) {
  const auto flags = std::make_shared<GrowFlags>();
  add_data_flags(app, flags->data);
  app.add_option("--append", flags->growth.append, "decoded tokens appended behind the prefill")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 24))
      ->capture_default_str()
      ->group("Growth");
  add_list(app, "--segment", flags->segments, "keys of a sealed segment");
  add_list(app, "--segment-links", flags->links_k, "links per query row within a segment");
  add_list(app, "--segment-queries", flags->queries, "linked query rows per key of a segment");
  add_list(app, "--segment-entry-points", flags->entry_points, "entry points of a segment");
  app.add_option("--width", flags->beam, "beam width of all searches")->capture_default_str();
  app.add_option(
         "--chunks", flags->chunks,
         "instead: tell a context's head the prefill at once, in so many chunks, and token by token, and compare")
      ->check(CLI::Range(2, 1 << 20))
      ->group("Growth");
  app.add_option("--index", flags->kind, "with --chunks: kind of the head, or auto")
      ->check(CLI::IsMember({"auto", "scan4", "graph"}))
      ->capture_default_str()
      ->group("Growth");
  app.add_option("--kept-queries", flags->kept_queries, "with --chunks: queries kept per query head for the next build")
      ->capture_default_str()
      ->group("Growth");
  add_k_flag(app, flags->problem);
  add_repeats_flag(app, flags->repeats);
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_run_flags(app, flags->run);
  return [flags, &app] {
    flags->growth.window = flags->problem.recent;
    run_grow(*flags, app);
  };
}

}  // namespace rattan::bench
