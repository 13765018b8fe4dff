#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/measure.h"

namespace rattan::bench {
namespace {

struct SearchFlags {
  DataSelection data;
  ProblemOptions problem;
  RunFlags run;
  std::string file;
  std::vector<std::uint32_t> widths = {100, 200, 400};
  bool single = false;
  bool no_seeds = false;
  std::size_t quality_steps = 16;
};

// The variant that asks an index of this kind as the flags say.
Variant variant_for(std::string_view kind, const SearchFlags& flags) {
  for (Variant variant : variants()) {
    if (variant.build.name != kind) continue;
    variant.group = variant.build.name != "hnsw" && !flags.single;
    variant.seeded = variant.seeded && !flags.no_seeds;
    return variant;
  }
  throw UsageError("--index-file holds an index of kind \"" + std::string(kind) + "\", which search does not know");
}

Json search_at(const Index& index, const HeadProblem& problem, const SearchSetup& setup, std::size_t quality_steps,
               Executor& executor) {
  const NeighborTable found = search_all_steps(index, problem, setup, executor);
  const Evaluation evaluation = evaluate(found, problem, setup.setting);
  const Quality quality = measure_quality(found, problem, quality_steps, executor);
  const auto keys = static_cast<double>(index.size());
  return {{"index", index.kind()},
          {"width", setup.variant.knob() ? Json(setup.setting) : Json(nullptr)},
          {"keys", index.size()},
          {"k", problem.k},
          {"group", setup.variant.group},
          {"seeded", setup.variant.seeded},
          {"recall", evaluation.recall},
          {"recall_worst_head", evaluation.recall_worst_head},
          {"scan_fraction", evaluation.keys_per_query / keys},
          {"scan_group", evaluation.keys_per_step / keys},
          {"keys_per_query", evaluation.keys_per_query},
          {"expansions_per_query", evaluation.expansions_per_query},
          {"bytes_per_query", evaluation.bytes_per_query},
          {"codes_per_query", evaluation.codes_per_query},
          {"mass", quality.mass},
          {"output_error", quality.output_error}};
}

void run_search(const SearchFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(executor.get());
  const HeadSource source = only_head(list_heads(flags.data, executor.get()));
  const HeadProblem problem = make_problem(source.load(), flags.problem, *exact);
  const std::unique_ptr<Index> index = open_index(flags.file, problem.keys);
  SearchSetup setup;
  setup.variant = variant_for(index->kind(), flags);
  std::vector<Json> records;
  for (const std::uint32_t width : flags.widths) {
    setup.setting = width;
    records.push_back(search_at(*index, problem, setup, flags.quality_steps, *executor));
    if (!setup.variant.knob()) break;
  }
  write_records(std::cout, format,
                {text_column("index", "index"), fixed_column("width", "width", 0), fixed_column("recall", "recall", 3),
                 fixed_column("worst", "recall_worst_head", 3), percent_column("scan", "scan_fraction"),
                 percent_column("scan/step", "scan_group"), fixed_column("keys", "keys_per_query", 0),
                 fixed_column("expansions", "expansions_per_query", 0), fixed_column("KB", "bytes_per_query", 1, 1e-3),
                 fixed_column("mass", "mass", 3), fixed_column("out err", "output_error", 4)},
                records);
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
  app.add_flag("--no-seeds", flags->no_seeds, "graph: do not start from the previous step's results");
  add_k_flag(app, flags->problem);
  add_problem_flags(app, flags->problem);
  app.add_option("--quality-steps", flags->quality_steps, "decode steps behind mass and output error; 0: not measured")
      ->capture_default_str()
      ->group("Measurement");
  add_threads_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_search(*flags); };
}

}  // namespace rattan::bench
