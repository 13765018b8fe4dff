#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/report/truth_files.h"

namespace rattan::bench {
namespace {

struct TruthFlags {
  DataSelection data;
  ProblemOptions problem;
  RunFlags run;
  std::string folder;
};

Json write_head(const HeadSource& source, const HeadProblem& problem, const std::filesystem::path& folder) {
  const std::string stem = "truth_l" + std::to_string(source.layer) + "_kv" + std::to_string(source.kv_head);
  const std::filesystem::path ids = folder / (stem + ".ibin");
  const std::filesystem::path scores = folder / (stem + ".fbin");
  write_ids(problem.truth, ids);
  write_scores(problem.truth, scores);
  return {{"source", source_label(source, problem.group)},
          {"layer", source.layer},
          {"kv_head", source.kv_head},
          {"keys", problem.keys.view.rows},
          {"first_key", problem.indexed.begin},
          {"heads", problem.heads},
          {"steps", problem.steps},
          {"rows", problem.truth.rows()},
          {"k", problem.truth.k()},
          {"ids", ids.string()},
          {"scores", scores.string()}};
}

void run_truth(const TruthFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(executor.get());
  std::filesystem::create_directories(flags.folder);
  std::vector<Json> records;
  for (const HeadSource& source : list_heads(flags.data, executor.get())) {
    records.push_back(write_head(source, make_problem(source.load(), flags.problem, *exact), flags.folder));
  }
  write_records(std::cout, format,
                {text_column("layer", "layer"), text_column("kv", "kv_head"), fixed_column("keys", "keys", 0),
                 fixed_column("first key", "first_key", 0), fixed_column("steps", "steps", 0),
                 fixed_column("heads", "heads", 0), fixed_column("rows", "rows", 0), fixed_column("k", "k", 0),
                 text_column("ids", "ids"), text_column("scores", "scores")},
                records);
  if (format == Format::markdown) {
    std::cout << "\nRow = step * heads + head. Ids count from the first indexed key (row \"first key\" of k).\n";
  }
}

}  // namespace

Action configure_truth(CLI::App& app) {
  const auto flags = std::make_shared<TruthFlags>();
  add_data_flags(app, flags->data);
  add_k_flag(app, flags->problem);
  add_problem_flags(app, flags->problem);
  add_threads_flag(app, flags->run);
  add_format_flag(app, flags->run, "--format");
  app.add_option("-o,--out", flags->folder, "folder for truth_l*_kv*.ibin and .fbin")->required()->type_name("DIR");
  return [flags] { run_truth(*flags); };
}

}  // namespace rattan::bench
