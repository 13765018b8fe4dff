#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/commands.h"
#include "bench/measure.h"
#include "bench/options.h"
#include "bench/usage_error.h"

namespace rattan::bench {
namespace {

struct AttendFlags {
  DataSelection data;
  ProblemOptions problem;
  BuildOptions build;
  RunFlags run;
  std::vector<std::uint32_t> ks = {10, 100, 1000};
  std::string index = "exact";
  std::uint32_t width = 0;
};

// The first k neighbours of every row.
NeighborTable first_of(const NeighborTable& table, std::uint32_t k) {
  NeighborTable first(table.rows(), k);
  const std::size_t count = std::min<std::size_t>(k, table.k());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::ranges::copy(table.ids(row).first(count), first.ids(row).begin());
    std::ranges::copy(table.scores(row).first(count), first.scores(row).begin());
  }
  return first;
}

// Retrieves the best k keys of every query row, exactly or through an index.
class Retrieval {
 public:
  Retrieval(const AttendFlags& flags, const HeadProblem& problem, const ExactTopK& exact, Executor& executor)
      : executor_(executor) {
    if (flags.index == "exact") return;
    setup_.variant = parse_variants(flags.index).front();
    setup_.setting = flags.width;
    if (!is_available(setup_.variant)) {
      throw UsageError("--index " + flags.index + ": this build of the library does not have it");
    }
    built_ = std::move(build_indexes(setup_.variant.build, problem, flags.build, exact).front());
  }

  NeighborTable find(const HeadProblem& problem) const {
    if (!built_.index) return problem.truth;
    SearchSetup setup = setup_;
    if (setup.setting == 0) setup.setting = setup.variant.knob == Knob::probes ? default_probes() : 2 * problem.k;
    return search_all_steps(*built_.index, problem, setup, executor_);
  }

 private:
  std::uint32_t default_probes() const { return std::max(1U, built_.max_setting / 16); }

  Executor& executor_;
  SearchSetup setup_;
  BuiltIndex built_;
};

void attend_head(const AttendFlags& flags, const HeadSource& source, const ExactTopK& exact, Executor& executor,
                 std::vector<Json>& records) {
  ProblemOptions options = flags.problem;
  options.k = *std::max_element(flags.ks.begin(), flags.ks.end());
  HeadProblem problem = make_problem(source.load(), options, exact);
  const NeighborTable longest = problem.truth;
  const Retrieval retrieval(flags, problem, exact, executor);
  for (const std::uint32_t k : flags.ks) {
    problem.k = k;
    problem.truth = first_of(longest, k);
    const NeighborTable found = retrieval.find(problem);
    const Evaluation evaluation = evaluate(found, problem, 0);
    const Quality quality = measure_quality(found, problem, problem.steps, executor);
    const bool scanned = flags.index != "exact";
    records.push_back(
        {{"source", source_label(source, problem.group)},
         {"layer", source.layer},
         {"kv_head", source.kv_head},
         {"index", flags.index},
         {"keys", problem.keys.view.rows},
         {"k", k},
         {"steps", problem.steps},
         {"recall", evaluation.recall},
         {"scan_fraction",
          scanned ? Json(evaluation.keys_per_query / static_cast<double>(problem.keys.view.rows)) : Json(nullptr)},
         {"mass", quality.mass},
         {"output_error", quality.output_error}});
  }
}

void run_attend(AttendFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(executor.get());
  set_build_run(flags.build, flags.run.seed, executor.get());
  std::vector<Json> records;
  for (const HeadSource& source : list_heads(flags.data, executor.get())) {
    attend_head(flags, source, *exact, *executor, records);
  }
  write_records(std::cout, format,
                {text_column("layer", "layer"), text_column("kv", "kv_head"), text_column("index", "index"),
                 fixed_column("keys", "keys", 0), fixed_column("k", "k", 0), fixed_column("recall", "recall", 3),
                 percent_column("scan", "scan_fraction"), fixed_column("mass", "mass", 4),
                 fixed_column("out err", "output_error", 5)},
                records);
  if (format == Format::markdown) {
    std::cout << "\nmass: share of the indexed keys' softmax mass that the k keys hold; out err: |o - o'| / |o|, "
                 "sinks and recent window attended exactly on both sides.\n";
  }
}

}  // namespace

Action configure_attend(CLI::App& app) {
  const auto flags = std::make_shared<AttendFlags>();
  flags->problem.queries = 16;
  add_data_flags(app, flags->data);
  app.add_option("--k", flags->ks, "numbers of keys attended to, default 10,100,1000")
      ->delimiter(',')
      ->check(CLI::Range(1U, 1U << 20))
      ->type_name("LIST");
  app.add_option("--index", flags->index, "exact, or a variant of sweep such as graph")->capture_default_str();
  app.add_option("--width", flags->width, "its beam width or probes; 0: twice k, or a sixteenth of the lists")
      ->check(CLI::Range(0U, 1U << 24))
      ->capture_default_str();
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_attend(*flags); };
}

}  // namespace rattan::bench
