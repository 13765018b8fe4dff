#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/cycle.h"
#include "bench/measure/environment.h"
#include "bench/measure/index_cache.h"
#include "bench/measure/latency.h"
#include "bench/measure/progress.h"
#include "bench/measure/settings.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct LatencyFlags {
  DataSelection data;
  ProblemOptions problem;
  BuildOptions build;
  RunFlags run;
  std::string indexes = "flat,graph";
  std::vector<double> targets = {0.95};
  std::size_t resident = 16;
  std::size_t rounds = 16;
  std::string cache;
  std::string exact = "cpu";
  bool paced = false;
};

double mean_of(const Job& job, const std::function<double(const Found&)>& value) {
  double sum = 0;
  for (const Found& found : job.found) sum += value(found);
  return sum / static_cast<double>(job.found.size());
}

std::string settings_of(const Job& job) {
  std::vector<std::string> texts;
  for (const Found& found : job.found) {
    texts.push_back(describe_setting(*found.built, {.variant = job.variant}, found.result.evaluation.setting));
  }
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return join(texts, " | ");
}

Json to_record(const Job& job, const std::vector<double>& times, const std::vector<std::unique_ptr<Head>>& heads,
               const LatencyFlags& flags) {
  const HeadProblem& first = heads.front()->problem;
  const double key_bytes = static_cast<double>(first.keys.view.rows * first.keys.view.row_bytes());
  const double index_bytes = mean_of(job, [](const Found& f) { return static_cast<double>(f.built->bytes()); });
  const auto mean_evaluation = [&](double Evaluation::*member) {
    return mean_of(job, [&](const Found& f) { return f.result.evaluation.*member; });
  };
  return {{"index", job.variant.name},
          {"source", heads.front()->source},
          {"keys", first.keys.view.rows},
          {"dim", first.keys.view.cols},
          {"dtype", to_string(first.keys.view.dtype)},
          {"heads", first.heads},
          {"k", first.k},
          {"target", job.variant.knob() ? Json(job.target) : Json(nullptr)},
          {"reached", std::all_of(job.found.begin(), job.found.end(), [](const Found& f) { return f.result.reached; })},
          {"setting", settings_of(job)},
          {"recall", mean_evaluation(&Evaluation::recall)},
          {"recall_worst_head", mean_evaluation(&Evaluation::recall_worst_head)},
          {"keys_per_query", mean_evaluation(&Evaluation::keys_per_query)},
          {"codes_per_query", mean_evaluation(&Evaluation::codes_per_query)},
          {"bytes_per_query", mean_evaluation(&Evaluation::bytes_per_query)},
          {"bytes_share", mean_evaluation(&Evaluation::bytes_per_query) / key_bytes},
          {"us_p50", quantile(times, 0.5)},
          {"us_p99", quantile(times, 0.99)},
          {"timed", times.size()},
          {"rounds", flags.rounds},
          {"resident", flags.resident},
          {"resident_distinct", std::min(flags.resident, heads.size())},
          {"resident_bytes", static_cast<double>(flags.resident) * (key_bytes + index_bytes)},
          {"build_s", mean_of(job, [](const Found& f) { return f.built->stats.seconds(); })},
          {"index_bytes", index_bytes},
          {"window", first.window},
          {"queries", first.steps},
          {"threads", 1},
          {"isa", environment().isa},
          {"cpu", environment().cpu},
          {"llc_bytes", environment().llc_bytes},
          {"commit", environment().commit},
          {"seed", flags.run.seed}};
}

void add_ratios(std::vector<Json>& records) {
  const auto flat = std::find_if(records.begin(), records.end(), [](const Json& r) { return r.at("index") == "flat"; });
  const double us = flat == records.end() ? 0 : flat->at("us_p50").get<double>();
  for (Json& record : records) {
    record["times_faster_than_flat"] = us > 0 ? Json(us / record.at("us_p50").get<double>()) : Json(nullptr);
  }
}

void print_records(Format format, const std::vector<Json>& records, const LatencyFlags& flags) {
  write_records(
      std::cout, format,
      {text_column("index", "index"), fixed_column("target", "target", 2), fixed_column("recall", "recall", 3),
       text_column("reached", "reached"), fixed_column("us p50", "us_p50", 1), fixed_column("us p99", "us_p99", 1),
       fixed_column("x flat", "times_faster_than_flat", 2), fixed_column("keys/q", "keys_per_query", 0),
       fixed_column("codes/q", "codes_per_query", 0), fixed_column("KB/q", "bytes_per_query", 1, 1e-3),
       percent_column("of K", "bytes_share"), fixed_column("build s", "build_s", 1),
       fixed_column("index MB", "index_bytes", 1, 1e-6), fixed_column("resident MB", "resident_bytes", 0, 1e-6),
       text_column("setting", "setting")},
      records);
  if (format != Format::markdown) return;
  const Json& first = records.front();
  std::cout
      << "\n"
      << first.at("source").get<std::string>() << ": " << first.at("keys") << " keys of " << first.at("dim") << " x "
      << first.at("dtype").get<std::string>() << ", " << first.at("heads") << " query heads, k = " << first.at("k")
      << ".\nus: one step of all query heads, one thread, " << flags.rounds << " rounds over " << flags.resident
      << " resident KV heads (" << first.at("resident_distinct")
      << " distinct, the others copies at other addresses), kinds interleaved.\nBefore the turn of each kind twice "
         "the last-level cache ("
      << fixed(static_cast<double>(environment().llc_bytes) / 1e6, 0) << " MB) is read from elsewhere. CPU "
      << environment().cpu << ", kernels " << environment().isa << ", commit " << environment().commit << ".\n";
}

// The other side of a comparison takes its turn between two lines.
void wait_for_turn(std::size_t round) {
  std::cerr << "ready " << round << std::endl;
  std::string line;
  if (!std::getline(std::cin, line)) fail(ErrorCode::io, "--paced: stdin ended before round ", round);
}

void run_latency(LatencyFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::vector<Variant> variants = parse_variants(flags.indexes);
  for (const Variant& variant : variants) {
    if (!is_available(variant))
      throw UsageError("--index " + std::string(variant.name) + ": this build of the library does not have it");
  }
  std::sort(flags.targets.begin(), flags.targets.end());
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  std::unique_ptr<ExactTopK> exact;
  set_build_run(flags.build, flags.run.seed, executor.get());
  const IndexCache cache(flags.cache);
  std::vector<Json> records;
  {
    Progress progress;
    std::vector<std::unique_ptr<Head>> heads;
    for (const HeadSource& source : list_heads(flags.data, executor.get())) {
      if (heads.size() == flags.resident) break;
      datasets::KvGroup group = source.load();
      if (!exact) {
        exact = make_exact(links_on_gpu(flags.exact, group, flags.problem.keys_as) ? "cuda" : "cpu", executor.get());
      }
      const std::string label = source_label(source, group);
      heads.push_back(std::make_unique<Head>(Head{label, make_problem(std::move(group), flags.problem, *exact), {}}));
      Head& head = *heads.back();
      for (const Variant& variant : variants) {
        if (head.built.count(variant.build) != 0) continue;
        progress.show(message("head ", heads.size(), ": building ", variant.name));
        head.built[variant.build] = cache.get(variant.build, label, head.problem, flags.build, *exact);
      }
    }
    const std::vector<Job> jobs = find_jobs(heads, variants, flags.targets, *executor, progress);
    const std::vector<ResidentHead> residents = make_residents(heads, jobs, flags.resident, flags.cache, progress);
    std::vector<CycleJob> cycles;
    for (const Job& job : jobs) cycles.push_back(cycle_of(job, residents));
    progress.show("timing");
    std::size_t round = 0;
    const auto times = time_cycles(cycles, flags.rounds, [&] {
      if (flags.paced) wait_for_turn(round);
      ++round;
    });
    for (std::size_t j = 0; j < jobs.size(); ++j) records.push_back(to_record(jobs[j], times[j], heads, flags));
  }
  add_ratios(records);
  print_records(format, records, flags);
}

}  // namespace

Action configure_latency(CLI::App& app) {
  const auto flags = std::make_shared<LatencyFlags>();
  add_data_flags(app, flags->data);
  app.add_option("--index", flags->indexes, "comma-separated variants, as of sweep")
      ->type_name("LIST")
      ->capture_default_str();
  add_k_flag(app, flags->problem);
  app.add_option("--recall", flags->targets, "recall targets, default 0.95")
      ->delimiter(',')
      ->check(CLI::Range(0.01, 1.0))
      ->type_name("LIST");
  app.add_option("--resident", flags->resident, "KV heads in memory that take turns; too few in the data are copied")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  app.add_option("--rounds", flags->rounds, "timed turns of every kind")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--cache", flags->cache, "folder that keeps built indexes for later runs")->type_name("DIR");
  app.add_flag("--paced", flags->paced, "write 'ready N' to stderr and wait for a line of stdin before each round");
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_exact_flag(app, flags->exact);
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_latency(*flags); };
}

}  // namespace rattan::bench
