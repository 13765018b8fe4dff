#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/report/run_fields.h"
#include "bench/report/truth_files.h"

namespace rattan::bench {
namespace {

struct TruthFlags {
  DataSelection data;
  ProblemOptions problem;
  RunFlags run;
  std::string folder;
};

Record write_head(const HeadSource& source, const HeadProblem& problem, const std::filesystem::path& folder) {
  const std::string stem = "truth_l" + std::to_string(source.layer) + "_kv" + std::to_string(source.kv_head);
  const std::filesystem::path ids = folder / (stem + ".ibin");
  const std::filesystem::path scores = folder / (stem + ".fbin");
  write_ids(problem.truth, ids);
  write_scores(problem.truth, scores);
  return {{"source", source_label(source, problem.group)},
          {"layer", source.layer, show_text("layer")},
          {"kv_head", source.kv_head, show_text("kv")},
          {"keys", problem.keys.view.rows, show_fixed("keys", 0)},
          {"first_key", problem.indexed.begin, show_fixed("first key", 0)},
          {"steps", problem.steps, show_fixed("steps", 0)},
          {"heads", problem.heads, show_fixed("heads", 0)},
          {"rows", problem.truth.rows(), show_fixed("rows", 0)},
          {"k", problem.truth.k(), show_fixed("k", 0)},
          {"ids", ids.string(), show_text("ids")},
          {"scores", scores.string(), show_text("scores")}};
}

void run_truth(const TruthFlags& flags) {
  const Run run = start_run(flags.run);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(run.executor.get());
  std::filesystem::create_directories(flags.folder);
  std::vector<Record> records;
  for (const HeadSource& source : list_heads(flags.data, run.executor.get())) {
    const HeadProblem problem = make_problem(source.load(), flags.problem, *exact);
    records.push_back(joined(write_head(source, problem, flags.folder), to_record(run.record)));
  }
  write_records(std::cout, run.format, records);
  if (run.format == Format::markdown) {
    std::cout << "\nRow = step * heads + head. Ids count from the first indexed key (row \"first key\" of k).\n";
  }
}

}  // namespace

Action configure_truth(CLI::App& app) {
  const auto flags = std::make_shared<TruthFlags>();
  add_data_flags(app, flags->data);
  add_k_flag(app, flags->problem);
  add_problem_flags(app, flags->problem);
  add_run_flags(app, flags->run, {.seed = false, .file = false});
  app.add_option("-o,--out", flags->folder, "folder for truth_l*_kv*.ibin and .fbin")->required()->type_name("DIR");
  return [flags] { run_truth(*flags); };
}

}  // namespace rattan::bench
