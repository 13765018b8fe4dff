#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/context/context_growth.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/environment.h"
#include "bench/measure/growth.h"
#include "bench/measure/progress.h"
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
};

Json to_record(const GrowthOptions& growth, const GrowthCost& cost, const Evaluation& grown, const Evaluation& fresh) {
  return {{"segment", growth.segment},
          {"links_k", growth.growth.links_k},
          {"queries_per_key", growth.growth.queries_per_key},
          {"entry_points", growth.growth.segment_entry_points},
          {"append_us", cost.append_us},
          {"append_cpu_us", cost.append_cpu_us},
          {"seal_us", cost.seal_us},
          {"seal_cpu_us", cost.seal_cpu_us},
          {"worst_seal_ms", cost.worst_seal_ms},
          {"segments", cost.segments},
          {"sealed", cost.sealed},
          {"grown_bytes", cost.bytes},
          {"recall_grown", grown.recall},
          {"recall_fresh", fresh.recall},
          {"recall_difference", grown.recall - fresh.recall},
          {"keys_grown", grown.keys_per_query},
          {"keys_fresh", fresh.keys_per_query},
          {"codes_grown", grown.codes_per_query},
          {"codes_fresh", fresh.codes_per_query}};
}

// Of a context's head over the same prefill, whose segments are as long; null without values.
Json context_us(const datasets::KvGroup& group, const GrowFlags& flags, std::size_t segment, Executor* executor) {
  if (group.values.view.rows == 0) return nullptr;
  ContextParams params;
  params.kind = HeadKind::graph;
  params.sinks = flags.problem.sinks;
  params.recent = flags.problem.recent;
  params.budget.k = flags.problem.k;
  params.graph = flags.build.graph;
  params.seal_after = static_cast<std::uint32_t>(2 * segment);
  params.seed = flags.run.seed;
  params.executor = executor;
  datasets::KvGroup converted = group;
  if (flags.problem.keys_as) {
    converted.keys = convert(group.keys, *flags.problem.keys_as);
    converted.values = convert(group.values, *flags.problem.keys_as);
  }
  const double us = grow_context(converted, flags.growth.append, params).us;
  return us == 0 ? Json(nullptr) : Json(us);
}

// Built on all threads; growth and searches are on one.
std::shared_ptr<const Index> build_over(const HeadProblem& problem, const std::vector<NeighborTable>& links,
                                        const BuildOptions& build) {
  return build_graph(problem.keys, links, Metric::inner_product, build.graph);
}

void measure_head(const HeadSource& source, const GrowFlags& flags, const ExactTopK& exact, Progress& progress,
                  std::vector<Json>& records) {
  const datasets::KvGroup group = source.load();
  const std::string label = source_label(source, group);
  const GrowthProblem problem =
      make_growth_problem(group, flags.problem, flags.growth.append, flags.growth.window, exact);
  progress.show(label + ": building the base");
  const auto base = build_over(problem.base, make_links(problem.base, flags.build.links, exact), flags.build);
  progress.show(label + ": building anew over all keys");
  const auto fresh = build_over(problem.whole, make_whole_links(problem, flags.build.links, exact), flags.build);
  const Evaluation of_fresh = evaluate_growth(GrowingIndex(fresh, {}), problem, flags.beam);
  for (const std::size_t segment : flags.segments) {
    progress.show(label + ": growing a context");
    const Json of_context = context_us(group, flags, segment, flags.build.graph.executor);
    for (const std::uint32_t links_k : flags.links_k) {
      for (const double queries : flags.queries) {
        for (const std::uint32_t entry_points : flags.entry_points) {
          GrowthOptions growth = flags.growth;
          growth.segment = segment;
          growth.growth.links_k = links_k;
          growth.growth.queries_per_key = queries;
          growth.growth.segment_entry_points = entry_points;
          growth.growth.graph = flags.build.graph;
          progress.show(label + ": growing");
          GrowthCost cost;
          const auto grown = grow(base, problem, growth, cost);
          Json record = to_record(growth, cost, evaluate_growth(*grown, problem, flags.beam), of_fresh);
          record.update({{"source", label},
                         {"layer", group.layer},
                         {"kv_head", group.kv_head},
                         {"keys", problem.base.keys.view.rows},
                         {"appended", problem.appended.view.rows},
                         {"dim", group.dim()},
                         {"dtype", to_string(problem.base.keys.view.dtype)},
                         {"heads", group.heads()},
                         {"k", flags.problem.k},
                         {"beam", flags.beam},
                         {"steps", problem.whole.steps},
                         {"context_us", of_context},
                         {"isa", environment().isa},
                         {"cpu", environment().cpu},
                         {"commit", environment().commit},
                         {"seed", flags.run.seed}});
          records.push_back(std::move(record));
        }
      }
    }
  }
}

void print(Format format, const std::vector<Json>& records) {
  write_records(
      std::cout, format,
      {fixed_column("layer", "layer", 0), fixed_column("KV head", "kv_head", 0), fixed_column("segment", "segment", 0),
       fixed_column("links_k", "links_k", 0), fixed_column("queries/key", "queries_per_key", 2),
       fixed_column("entries", "entry_points", 0), fixed_column("append us", "append_us", 2),
       fixed_column("append CPU us", "append_cpu_us", 2), fixed_column("seal us", "seal_us", 1),
       fixed_column("seal CPU us", "seal_cpu_us", 1), fixed_column("worst seal ms", "worst_seal_ms", 1),
       fixed_column("in a context us", "context_us", 1), fixed_column("recall grown", "recall_grown", 4),
       fixed_column("fresh", "recall_fresh", 4), fixed_column("difference", "recall_difference", 4),
       fixed_column("keys/q grown", "keys_grown", 0), fixed_column("fresh", "keys_fresh", 0),
       fixed_column("codes/q grown", "codes_grown", 0), fixed_column("fresh", "codes_fresh", 0)},
      records);
  if (format != Format::markdown) return;
  const Json& first = records.front();
  std::cout << "\n"
            << first.at("source").get<std::string>() << ": " << first.at("keys") << " keys of " << first.at("dim")
            << " x " << first.at("dtype").get<std::string>() << ", " << first.at("appended") << " appended, "
            << first.at("heads") << " query heads, k = " << first.at("k") << ", beam " << first.at("beam") << ", "
            << first.at("steps")
            << " steps behind the appended tokens.\nus: per appended, or sealed, key of one KV head, on one "
            << "thread; in a context: everything, values and the clusters of the estimate too, links and "
            << "entry points as by default, per token while as many are sealed as are appended. fresh: a graph built "
               "over all keys, its links those of the appended tokens' queries too.\nCPU "
            << environment().cpu << ", kernels " << environment().isa << ", commit " << environment().commit << ".\n";
}

void run_grow(GrowFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(executor.get());
  set_build_run(flags.build, flags.run.seed, executor.get());
  std::vector<Json> records;
  {
    Progress progress;
    for (const HeadSource& source : list_heads(flags.data, executor.get())) {
      measure_head(source, flags, *exact, progress, records);
    }
  }
  print(format, records);
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
  app.add_option("--beam", flags->beam, "beam width of all searches")->capture_default_str();
  add_k_flag(app, flags->problem);
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] {
    flags->growth.window = flags->problem.recent;
    run_grow(*flags);
  };
}

}  // namespace rattan::bench
