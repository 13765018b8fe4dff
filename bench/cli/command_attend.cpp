#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/context/attend_latency.h"
#include "bench/context/attend_retrieval.h"
#include "bench/context/attend_run.h"
#include "bench/context/context_inputs.h"
#include "bench/inputs/text.h"
#include "bench/report/attend_summary.h"

namespace rattan::bench {
namespace {

struct AttendFlags {
  DataSelection data;
  ProblemOptions problem;
  BuildOptions build;
  RunFlags run;
  std::vector<std::uint32_t> ks = {10, 100, 1000};
  std::vector<double> epsilons;
  std::vector<std::string> estimates = {"off"};
  std::uint32_t most_k = 8192;
  std::uint32_t clusters = 1024;
  std::string index = "exact";
  std::uint32_t width = 0;
  std::string latency = "off";
  std::string kind = "auto";
  AttendLatencyOptions timing;
};

AttendLatency time_head(const AttendFlags& flags, const HeadSource& source, std::span<const Budget> budgets,
                        Executor& executor) {
  ContextParams params;
  params.sinks = flags.problem.sinks;
  params.recent = flags.problem.recent;
  params.kind = head_kind(flags.kind);
  params.clusters = flags.clusters;
  params.graph = flags.build.graph;
  params.seed = flags.run.seed;
  params.executor = &executor;
  return time_attend(source, flags.problem, budgets, params, flags.timing);
}

// Nothing where it was not asked for.
void add_latency(Json& record, const std::optional<AttendLatency>& latency, std::size_t budget) {
  const auto add = [&](const char* name, const Json& value) { record[name] = latency ? value : Json(nullptr); };
  const double us = latency ? latency->us[budget] : 1;
  add("us_p50", us);
  add("us_full", latency ? latency->full_us : 0);
  add("us_flat", latency ? latency->flat_us : 0);
  add("times_faster_than_full", latency ? latency->full_us / us : 0);
  add("times_faster_than_flat", latency ? latency->flat_us / us : 0);
  add("kind", latency ? latency->kind : "");
}

std::vector<Budget> budgets_of(const AttendFlags& flags) {
  std::vector<Budget> budgets;
  for (const std::string& estimate : flags.estimates) {
    Budget budget;
    budget.estimate_unread = estimate == "on";
    for (const std::uint32_t k : flags.ks) budgets.push_back(budget), budgets.back().k = k;
    budget.k = *std::min_element(flags.ks.begin(), flags.ks.end());
    budget.most_k = std::max(budget.k, flags.most_k);
    for (const double epsilon : flags.epsilons) budgets.push_back(budget), budgets.back().epsilon = epsilon;
  }
  return budgets;
}

Json number_or_null(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

void attend_head(const AttendFlags& flags, const HeadSource& source, const ExactTopK& exact, Executor& executor,
                 std::vector<Json>& records) {
  ProblemOptions options = flags.problem;
  options.k = *std::max_element(flags.ks.begin(), flags.ks.end());
  if (!flags.epsilons.empty()) options.k = std::max(options.k, flags.most_k);
  const HeadProblem problem = make_problem(source.load(), options, exact);
  AttendRetrieval retrieval(problem, flags.index, flags.width, flags.build, exact, executor);
  const auto retrieve = [&](std::span<const std::size_t> rows, std::uint32_t k) { return retrieval.of_rows(rows, k); };

  const std::vector<Budget> budgets = budgets_of(flags);
  const bool with_clusters = std::ranges::any_of(budgets, [](const auto& b) { return b.estimate_unread || b.epsilon; });
  AttendRun run(problem, with_clusters, flags.clusters, flags.run.seed, executor);
  std::optional<AttendLatency> latency;
  if (flags.latency == "on") latency = time_head(flags, source, budgets, executor);
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const Budget& budget = budgets[i];
    Json recall = nullptr;
    Json scan = nullptr;
    if (!budget.epsilon) {
      const Evaluation evaluation = retrieval.evaluation(budget.k);
      recall = evaluation.recall;
      if (retrieval.searches()) scan = evaluation.keys_per_query / static_cast<double>(problem.keys.view.rows);
    }
    const AttendOutcome outcome = run.run(budget, retrieve);
    records.push_back({{"source", source_label(source, problem.group)},
                       {"layer", source.layer},
                       {"kv_head", source.kv_head},
                       {"index", flags.index},
                       {"keys", problem.keys.view.rows},
                       {"k", budget.epsilon ? Json(nullptr) : Json(budget.k)},
                       {"epsilon", budget.epsilon ? Json(*budget.epsilon) : Json(nullptr)},
                       {"estimate", budget.estimate_unread ? "on" : "off"},
                       {"steps", problem.steps},
                       {"recall", recall},
                       {"scan_fraction", scan},
                       {"keys_retrieved", outcome.keys},
                       {"mass", outcome.mass},
                       {"unread", outcome.unread},
                       {"output_error", number_or_null(outcome.output_error)},
                       {"estimate_error", number_or_null(outcome.estimate_error)}});
    add_latency(records.back(), latency, i);
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
  const std::vector<Json> summary = attend_summary(records);
  records.insert(records.end(), summary.begin(), summary.end());
  write_records(std::cout, format,
                {text_column("layer", "layer"), text_column("kv", "kv_head"), text_column("index", "index"),
                 fixed_column("k", "k", 0), fixed_column("epsilon", "epsilon", 4), text_column("estimate", "estimate"),
                 fixed_column("recall", "recall", 3), percent_column("scan", "scan_fraction"),
                 fixed_column("keys", "keys_retrieved", 1), fixed_column("mass", "mass", 4),
                 fixed_column("unread", "unread", 5), fixed_column("out err", "output_error", 5),
                 fixed_column("fixed k's", "fixed_error", 5), fixed_column("estimate err", "estimate_error", 3),
                 fixed_column("us", "us_p50", 0), fixed_column("x full", "times_faster_than_full", 2),
                 fixed_column("x flat", "times_faster_than_flat", 2), text_column("by", "kind")},
                records);
  if (format == Format::markdown) {
    std::cout
        << "\nkeys: retrieved keys attended to per query head; mass: share of the indexed keys' softmax mass that "
           "they hold; unread: share of the whole softmax that was not read; out err: |o - o'| / |o|, sinks and "
           "recent window attended exactly on both sides; fixed k's: that of fixed k at as many keys; estimate err: "
           "|estimated - true| log mass of the unread keys.\n";
    if (flags.latency == "on") {
      std::cout << "us: one step of all query heads of the KV head by a Context whose widths are calibrated at recall "
                   "0.95, one thread, median, caches cold ("
                << flags.timing.copies
                << " copies take turns, and twice the last-level cache is read before the turn of each setting); x "
                   "full, x flat: times faster than attention to every key, and than one exact pass over the keys for "
                   "all query heads with the values of the smallest k. by: what the Context searches.\n";
    }
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
  app.add_option(
         "--epsilon", flags->epsilons,
         "budgets: keys are retrieved, the smallest --k at least, until the unread ones hold less than this share of "
         "the softmax, or, with --estimate on, until their estimate is as good")
      ->delimiter(',')
      ->check(CLI::Range(1e-9, 0.999999))
      ->type_name("LIST");
  app.add_option("--estimate", flags->estimates, "off, on: whether unread keys are estimated by clusters, default off")
      ->delimiter(',')
      ->check(CLI::IsMember({"off", "on"}))
      ->type_name("LIST");
  app.add_option("--most-k", flags->most_k, "widest search of a budget")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str();
  app.add_option("--clusters", flags->clusters, "per KV head, of budgets and estimates")
      ->check(CLI::Range(1U, 65536U))
      ->capture_default_str();
  app.add_option("--index", flags->index, "exact, or a variant of sweep such as graph")->capture_default_str();
  app.add_option("--width", flags->width, "its beam width or probes; 0: twice k, or a sixteenth of the lists")
      ->check(CLI::Range(0U, 1U << 24))
      ->capture_default_str();
  app.add_option("--latency", flags->latency, "on, off: times each budget in a Context too")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  std::vector<std::string> kinds = searched_kinds();
  kinds.insert(kinds.begin(), "auto");
  app.add_option("--kind", flags->kind, "of that Context: " + join(kinds, ", "))
      ->check(CLI::IsMember(kinds))
      ->capture_default_str();
  app.add_option("--rounds", flags->timing.rounds, "timed turns of every budget over 8 copies of the head")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_attend(*flags); };
}

}  // namespace rattan::bench
