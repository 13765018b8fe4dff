#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/index_cache.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/progress.h"
#include "bench/measure/repeats.h"
#include "bench/report/latency_table.h"
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
  std::size_t repeats = 1;
  std::string cache;
  std::string exact = "cpu";
  bool paced = false;
};

// The other side of a comparison takes its turn between two lines.
void wait_for_turn(std::size_t round) {
  std::cerr << "ready " << round << std::endl;
  std::string line;
  if (!std::getline(std::cin, line)) fail(ErrorCode::io, "--paced: stdin ended before round ", round);
}

std::vector<Variant> available_variants(const std::string& list) {
  std::vector<Variant> variants = parse_variants(list);
  for (const Variant& variant : variants) {
    if (is_available(variant)) continue;
    throw UsageError("--index " + std::string(variant.name) + ": this build of the library does not have it");
  }
  return variants;
}

// Heads of the data, each with an index per variant.
std::vector<std::unique_ptr<Head>> build_heads(const LatencyFlags& flags, const std::vector<Variant>& variants,
                                               Executor& executor, Progress& progress) {
  std::vector<std::unique_ptr<Head>> heads;
  std::unique_ptr<ExactTopK> exact;
  const IndexCache cache(flags.cache);
  for (const HeadSource& source : list_heads(flags.data, &executor)) {
    if (heads.size() == flags.resident) break;
    datasets::KvGroup group = source.load();
    if (!exact) {
      const bool gpu = links_on_gpu(flags.exact, group, flags.problem.keys_as, flags.problem.queries_as);
      exact = make_exact(gpu ? "cuda" : "cpu", &executor);
    }
    const std::string label = source_label(source, group);
    heads.push_back(std::make_unique<Head>(Head{label, make_problem(std::move(group), flags.problem, *exact), {}}));
    Head& head = *heads.back();
    for (const Variant& variant : variants) {
      if (head.built.count(variant.build) != 0) continue;
      stop_if_asked();
      progress.show(message("head ", heads.size(), ": building ", variant.name));
      head.built[variant.build] = cache.get(variant.build, label, head.problem, flags.build, *exact);
    }
  }
  return heads;
}

std::vector<RepeatedTime> time_jobs(const LatencyFlags& flags, const std::vector<std::unique_ptr<Head>>& heads,
                                    const std::vector<Job>& jobs, Progress& progress) {
  const std::vector<ResidentHead> residents = make_residents(heads, jobs, flags.resident, flags.cache, progress);
  std::vector<CycleJob> cycles;
  cycles.reserve(jobs.size());
  for (const Job& job : jobs) cycles.push_back(cycle_of(job, residents));
  progress.show("timing");
  std::size_t round = 0;
  return repeat_timing(flags.repeats, [&] {
    return time_cycles(cycles, flags.rounds, [&] {
      if (flags.paced) wait_for_turn(round);
      ++round;
    });
  });
}

void run_latency(LatencyFlags& flags, const CLI::App& app) {
  if (flags.paced && flags.repeats > 1) {
    throw UsageError("--repeats is not for --paced: whoever paces counts the rounds, and repeats the command");
  }
  std::vector<std::string_view> kinds;
  for (const Variant& variant : parse_variants(flags.indexes)) kinds.push_back(variant.build.name);
  refuse_unused_build_flags(app, kinds);
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  const std::vector<Variant> variants = available_variants(flags.indexes);
  std::sort(flags.targets.begin(), flags.targets.end());
  set_build_run(flags.build, flags.run.seed, run.executor.get());
  LatencyResult result;
  result.rounds = flags.rounds;
  result.resident = flags.resident;
  result.run = run.record;
  {
    Progress progress;
    result.heads = build_heads(flags, variants, *run.executor, progress);
    result.jobs = find_jobs(result.heads, variants, flags.targets, *run.executor, progress);
    result.times = time_jobs(flags, result.heads, result.jobs, progress);
  }
  write_latency(std::cout, run.format, result);
  stop_if_asked();
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
  add_repeats_flag(app, flags->repeats);
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_exact_flag(app, flags->exact);
  add_run_flags(app, flags->run);
  return [flags, &app] { run_latency(*flags, app); };
}

}  // namespace rattan::bench
