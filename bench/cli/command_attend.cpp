#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/context/attend_latency.h"
#include "bench/context/attend_retrieval.h"
#include "bench/context/attend_run.h"
#include "bench/context/context_inputs.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/interrupt.h"
#include "bench/report/attend_table.h"

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
  std::string context_index = "auto";
  AttendLatencyOptions timing;
};

AttendLatency time_head(const AttendFlags& flags, const HeadSource& source, std::span<const Budget> budgets,
                        Executor& executor) {
  ContextParams params;
  params.sinks = flags.problem.sinks;
  params.recent = flags.problem.recent;
  params.kind = head_kind(flags.context_index);
  params.clusters = flags.clusters;
  params.graph = flags.build.graph;
  params.seed = flags.run.seed;
  params.executor = &executor;
  return time_attend(source, flags.problem, budgets, params, flags.timing);
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

void set_outcome(AttendRow& row, const AttendOutcome& outcome) {
  row.keys_retrieved = outcome.keys;
  row.mass = outcome.mass;
  row.unread = outcome.unread;
  row.output_error = outcome.output_error;
  row.estimate_error = outcome.estimate_error;
}

void set_latency(AttendRow& row, const AttendLatency& latency, std::size_t budget) {
  row.us_p50 = latency.us[budget].p50;
  row.us_p50_deviation = latency.us[budget].p50_deviation;
  row.repeats = latency.us[budget].repeats;
  row.us_full = latency.full_us;
  row.us_flat = latency.flat_us;
  row.kind = latency.kind;
}

void attend_head(const AttendFlags& flags, const HeadSource& source, const ExactTopK& exact, const Run& run,
                 RecordStream& records, std::vector<AttendRow>& rows) {
  Executor& executor = *run.executor;
  ProblemOptions options = flags.problem;
  options.k = *std::max_element(flags.ks.begin(), flags.ks.end());
  if (!flags.epsilons.empty()) options.k = std::max(options.k, flags.most_k);
  const HeadProblem problem = make_problem(source.load(), options, exact);
  AttendRetrieval retrieval(problem, flags.index, flags.width, flags.build, exact, executor);
  const auto retrieve = [&](std::span<const std::size_t> query_rows, std::uint32_t k) {
    return retrieval.of_rows(query_rows, k);
  };

  const std::vector<Budget> budgets = budgets_of(flags);
  const bool with_clusters = std::ranges::any_of(budgets, [](const auto& b) { return b.estimate_unread || b.epsilon; });
  AttendRun attend(problem, with_clusters, flags.clusters, flags.run.seed, executor);
  std::optional<AttendLatency> latency;
  if (flags.latency == "on") latency = time_head(flags, source, budgets, executor);
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    if (!latency) stop_if_asked();  // what was timed for long is also shown
    const Budget& budget = budgets[i];
    AttendRow row;
    row.source = source_label(source, problem.group);
    row.layer = source.layer;
    row.kv_head = source.kv_head;
    row.index = flags.index;
    row.keys = problem.keys.view.rows;
    row.epsilon = budget.epsilon;
    row.estimate = budget.estimate_unread ? "on" : "off";
    row.steps = problem.steps;
    if (!budget.epsilon) {
      row.k = budget.k;
      const Evaluation evaluation = retrieval.evaluation(budget.k);
      row.recall = evaluation.recall;
      if (retrieval.searches()) {
        row.scan_fraction = evaluation.keys_per_query / static_cast<double>(problem.keys.view.rows);
        row.bytes_per_query = evaluation.bytes_per_query;
      }
    }
    set_outcome(row, attend.run(budget, retrieve));
    if (latency) set_latency(row, *latency, i);
    row.run = run.record;
    records.add(to_record(row));
    rows.push_back(std::move(row));
  }
}

void check_flags(const AttendFlags& flags, const CLI::App& app) {
  const bool timed = flags.latency == "on";
  if (!timed) {
    refuse_unused(app, {"--repeats", "--rounds", "--context-index"}, "--latency on");
    const bool exact = flags.index == "exact";
    refuse_unused_build_flags(
        app, exact ? std::vector<std::string_view>() : std::vector{parse_variants(flags.index).front().build.name});
  }
  if (flags.index == "exact") refuse_unused(app, {"--width"}, "an --index that is searched");
  if (flags.epsilons.empty()) refuse_unused(app, {"--most-k"}, "--epsilon");
  const bool estimated = std::ranges::count(flags.estimates, "on") != 0;
  if (!timed && !estimated && flags.epsilons.empty()) {
    refuse_unused(app, {"--clusters"}, "--epsilon, --estimate on or --latency on");
  }
}

void run_attend(AttendFlags& flags, const CLI::App& app) {
  check_flags(flags, app);
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  const std::unique_ptr<ExactTopK> exact = make_exact_topk_cpu(run.executor.get());
  set_build_run(flags.build, flags.run.seed, run.executor.get());
  RecordStream records(std::cout, run.format);
  std::vector<AttendRow> rows;
  for (const HeadSource& source : list_heads(flags.data, run.executor.get())) {
    try {
      stop_if_asked();
      attend_head(flags, source, *exact, run, records, rows);
    } catch (const Stopped&) {
      break;
    }
  }
  const bool timed = flags.latency == "on";
  finish_attend(std::cout, records, rows, timed ? std::optional(flags.timing.copies) : std::nullopt);
  stop_if_asked();
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
  app.add_option("--context-index", flags->context_index, "what that Context searches: " + join(kinds, ", "))
      ->check(CLI::IsMember(kinds))
      ->capture_default_str();
  app.add_option("--rounds", flags->timing.rounds, "timed turns of every budget over 8 copies of the head")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  add_repeats_flag(app, flags->timing.repeats);
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_run_flags(app, flags->run);
  return [flags, &app] { run_attend(*flags, app); };
}

}  // namespace rattan::bench
