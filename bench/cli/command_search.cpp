#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/measure.h"
#include "bench/report/run_fields.h"
#include "core/check.h"
#include "datasets/bare_head.h"
#include "datasets/vector_file.h"

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
  std::string own_queries;
  std::uint32_t best = 0;
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

// In place of the decode queries: rows as step * heads + head, each standing at the last key.
void take_queries(datasets::KvGroup& group, const std::string& file) {
  group.decode_queries = datasets::split_heads(datasets::read_vectors(file), group.heads(), file);
  for (const SharedMatrix& queries : group.decode_queries) {
    if (queries.view.cols == group.dim()) continue;
    throw UsageError(
        message("--own-queries ", file, " has ", queries.view.cols, " columns, the keys have ", group.dim()));
  }
  const std::size_t steps = group.decode_queries.empty() ? 0 : group.decode_queries.front().view.rows;
  group.decode_positions.assign(steps, static_cast<std::int64_t>(group.keys.view.rows) - 1);
}

// The best keys of every query, best first. Ids are rows of the data's keys.
void add_best(std::vector<Record>& records, const NeighborTable& found, const HeadProblem& problem,
              const SearchSetup& setup, std::size_t best) {
  for (std::size_t row = 0; row < found.rows(); ++row) {
    for (std::size_t rank = 0; rank < std::min<std::size_t>(best, found.count(row)); ++rank) {
      records.push_back({{"width", setup.variant.knob() ? Value(setup.setting) : Value(), show_fixed("width", 0)},
                         {"step", row / problem.heads, show_fixed("step", 0)},
                         {"head", row % problem.heads, show_fixed("head", 0)},
                         {"rank", rank, show_fixed("rank", 0)},
                         {"id", found.ids(row)[rank] + problem.indexed.begin, show_fixed("id", 0)},
                         {"score", found.scores(row)[rank], show_fixed("score", 4)}});
    }
  }
}

void run_search(const SearchFlags& flags) {
  const Run run = start_run(flags.run);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(run.executor.get());
  const HeadSource source = only_head(list_heads(flags.data, run.executor.get()));
  datasets::KvGroup group = source.load();
  if (!flags.own_queries.empty()) take_queries(group, flags.own_queries);
  const HeadProblem problem = make_problem(std::move(group), flags.problem, *exact);
  const std::unique_ptr<Index> index = open_index(flags.file, problem.keys);
  SearchSetup setup;
  setup.variant = variant_for(index->kind(), flags);
  std::vector<Record> records;
  for (const std::uint32_t width : flags.widths) {
    setup.setting = width;
    if (flags.best > 0) {
      add_best(records, search_all_steps(*index, problem, setup, *run.executor), problem, setup, flags.best);
      if (!setup.variant.knob()) break;
      continue;
    }
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
  app.add_option("--best", flags->best, "print ids and scores of so many best keys of each query instead of recall")
      ->check(CLI::Range(0U, 1U << 20));
  app.add_option("--own-queries", flags->own_queries,
                 "npy, fbin, f16bin or fvecs in place of the data's decode queries; row = step * query heads + head")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
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
