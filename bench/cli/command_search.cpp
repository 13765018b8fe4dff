#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/measure.h"
#include "bench/report/run_fields.h"

namespace rattan::bench {
namespace {

struct SearchFlags {
  DataSelection data;
  ProblemOptions problem;
  RunFlags run;
  std::string file;
  std::vector<std::uint32_t> widths = {100, 200, 400};
  bool single = false;
  bool no_start_keys = false;
  std::size_t quality_steps = 16;
};

// The variant that asks an index of this kind as the flags say.
Variant variant_for(std::string_view kind, const SearchFlags& flags) {
  for (Variant variant : variants()) {
    if (variant.build.name != kind) continue;
    variant.group = variant.build.name != "hnsw" && !flags.single;
    variant.with_start_keys = variant.with_start_keys && !flags.no_start_keys;
    return variant;
  }
  throw UsageError("--index-file holds an index of kind \"" + std::string(kind) + "\", which search does not know");
}

Record search_at(const Index& index, const HeadProblem& problem, const SearchSetup& setup, std::size_t quality_steps,
                 Executor& executor) {
  const NeighborTable found = search_all_steps(index, problem, setup, executor);
  const Evaluation evaluation = evaluate(found, problem, setup.setting);
  const Quality quality = measure_quality(found, problem, quality_steps, executor);
  const auto keys = static_cast<double>(index.size());
  return {{"index", index.kind(), show_text("index")},
          {"width", setup.variant.knob() ? Value(setup.setting) : Value(), show_fixed("width", 0)},
          {"keys", index.size()},
          {"k", problem.k},
          {"group", setup.variant.group},
          {"with_start_keys", setup.variant.with_start_keys},
          {"recall", evaluation.recall, show_fixed("recall", 3)},
          {"recall_worst_head", evaluation.recall_worst_head, show_fixed("worst", 3)},
          {"scan_fraction", evaluation.keys_per_query / keys, show_percent("scan")},
          {"scan_group", evaluation.keys_per_step / keys, show_percent("scan/step")},
          {"keys_per_query", evaluation.keys_per_query, show_fixed("keys", 0)},
          {"expansions_per_query", evaluation.expansions_per_query, show_fixed("expansions", 0)},
          {"bytes_per_query", evaluation.bytes_per_query, show_fixed("KB", 1, 1e-3)},
          {"codes_per_query", evaluation.codes_per_query},
          {"mass", quality.mass, show_fixed("mass", 3)},
          {"output_error", quality.output_error, show_fixed("out err", 4)}};
}

void run_search(const SearchFlags& flags) {
  const Run run = start_run(flags.run);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(run.executor.get());
  const HeadSource source = only_head(list_heads(flags.data, run.executor.get()));
  const HeadProblem problem = make_problem(source.load(), flags.problem, *exact);
  const std::unique_ptr<Index> index = open_index(flags.file, problem.keys);
  SearchSetup setup;
  setup.variant = variant_for(index->kind(), flags);
  std::vector<Record> records;
  for (const std::uint32_t width : flags.widths) {
    setup.setting = width;
    records.push_back(
        joined(search_at(*index, problem, setup, flags.quality_steps, *run.executor), to_record(run.record)));
    if (!setup.variant.knob()) break;
  }
  write_records(std::cout, run.format, records);
}

}  // namespace

Action configure_search(CLI::App& app) {
  const auto flags = std::make_shared<SearchFlags>();
  add_data_flags(app, flags->data);
  app.add_option("--index-file", flags->file, "what build wrote, over the same keys and window")
      ->required()
      ->type_name("FILE");
  app.add_option("--width", flags->widths, "beam widths of a graph or HNSW, probes of an IVF; default 100,200,400")
      ->delimiter(',')
      ->check(CLI::Range(1U, 1U << 24))
      ->type_name("LIST");
  app.add_flag("--single", flags->single, "one query head at a time instead of the whole group");
  app.add_flag("--no-start-keys", flags->no_start_keys, "graph: do not start from the previous step's results");
  add_k_flag(app, flags->problem);
  add_problem_flags(app, flags->problem);
  app.add_option("--quality-steps", flags->quality_steps, "decode steps behind mass and output error; 0: not measured")
      ->capture_default_str()
      ->group("Measurement");
  add_run_flags(app, flags->run, {.seed = false});
  return [flags] { run_search(*flags); };
}

}  // namespace rattan::bench
