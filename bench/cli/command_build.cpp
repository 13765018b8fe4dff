#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "bench/cli/build_layers.h"
#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/repeats.h"
#include "bench/report/index_table.h"
#include "bench/report/run_fields.h"

namespace rattan::bench {
namespace {

struct BuildFlags {
  DataSelection data;
  ProblemOptions problem;
  BuildOptions build;
  RunFlags run;
  std::string kind = "graph";
  std::string exact = "cpu";
  bool spherical = false;
  std::optional<double> recall;
  std::string file;
  std::size_t repeats = 1;
};

// The last of the repeats, which is in the file, and what all of them took.
struct RepeatedBuild {
  BuiltIndex index;
  MeanDeviation seconds;
  std::size_t repeats = 0;
};

BuildKind parse_kind(const std::string& name) {
  const Variant variant = parse_variants(name).front();
  if (!is_available(variant)) throw UsageError("--index " + name + ": this build of the library does not have it");
  return variant.build;
}

Record to_record(const HeadSource& source, const HeadProblem& problem, const RepeatedBuild& build,
                 const std::string& file) {
  const BuiltIndex& built = build.index;
  Record record = {{"source", source_label(source, problem.group)},
                   {"layer", source.layer},
                   {"kv_head", source.kv_head},
                   {"file", file},
                   {"file_bytes", std::filesystem::file_size(file)},
                   {"build_s", build.seconds.mean},
                   {"build_s_deviation", build.seconds.deviation},
                   {"repeats", build.repeats},
                   {"build_stages", built.stats.stages},
                   {"unreachable", built.stats.unreachable}};
  return joined(std::move(record), index_fields(*built.index));
}

void print_build(const RepeatedBuild& build, const std::string& file) {
  const BuiltIndex& built = build.index;
  std::cout << index_title(*built.index) << "\n\n";
  write_stages(std::cout, built.stats);
  std::cout << '\n';
  write_parts(std::cout, *built.index);
  std::cout << '\n' << built.index->describe() << '\n';
  if (build.repeats > 1) {
    std::cout << "built " << build.repeats << " times in " << fixed(build.seconds.mean, 2) << " +- "
              << fixed(build.seconds.deviation, 2) << " s; the stages are those of the last\n";
  }
  std::cout << "wrote " << file << '\n';
}

// Flags of one kind, given for another.
void check_kind_flags(const BuildFlags& flags) {
  if (flags.spherical && flags.kind != "ivf") throw UsageError("--ivf-spherical is for --index ivf, not " + flags.kind);
  if (flags.recall && flags.kind != "auto") throw UsageError("--recall is for --index auto, not " + flags.kind);
}

RepeatedBuild build_and_save(BuildFlags& flags, const HeadProblem& problem, const ExactTopK& exact,
                             const std::string& file) {
  std::vector<double> seconds;
  std::vector<BuiltIndex> built;
  while (seconds.size() < flags.repeats) {
    built = build_indexes(parse_kind(flags.kind), problem, flags.build, exact);
    seconds.push_back(built.front().stats.seconds());
  }
  built.front().index->save(file);
  return {std::move(built.front()), mean_and_deviation(seconds), seconds.size()};
}

// Kinds without links: one head after another.
void build_each(BuildFlags& flags, const std::vector<HeadSource>& heads, const ExactTopK& exact, const Run& run) {
  make_folder_for(heads, flags.file);
  std::vector<Record> records;
  for (const HeadSource& source : heads) {
    const HeadProblem problem = make_problem(source.load(), flags.problem, exact);
    const std::string file = file_in(flags.file, source);
    const RepeatedBuild build = build_and_save(flags, problem, exact, file);
    const BuiltIndex& built = build.index;
    records.push_back(
        {{"source", source_label(source, problem.group)},
         {"layer", source.layer, show_fixed("layer", 0)},
         {"kv_head", source.kv_head, show_fixed("KV head", 0)},
         {"index", built.index->kind(), show_text("index")},
         {"keys", built.index->size(), show_fixed("keys", 0)},
         {"build_s", build.seconds.mean, show_mean("build s", 2, build.seconds.mean, build.seconds.deviation)},
         {"build_s_deviation", build.seconds.deviation},
         {"repeats", build.repeats},
         {"file", file, show_text("file")}});
    records.back() = joined(std::move(records.back()), to_record(run.record));
  }
  write_records(std::cout, run.format, records);
}

void run_build(BuildFlags& flags, const CLI::App& app) {
  check_kind_flags(flags);
  refuse_unused_build_flags(app, {flags.kind});
  const Run run = start_run(flags.run);
  const BuildKind kind = parse_kind(flags.kind);
  std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
  const bool layers = heads.size() > 1 && kind == BuildKind{"graph"};
  datasets::KvGroup first = heads.front().load();
  heads.front().load = [first] { return first; };
  // Links on a GPU are made while graphs are built: the host's part of them must not wait for cores that builds hold.
  const bool gpu = links_on_gpu(flags.exact, first, flags.problem.keys_as, flags.problem.queries_as);
  const std::unique_ptr<Executor> beside = make_thread_executor(layers && gpu ? 2 : flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact(gpu ? "cuda" : "cpu", beside.get());
  flags.problem.queries = 1;
  set_build_run(flags.build, flags.run.seed, run.executor.get());
  if (layers) {
    if (flags.repeats > 1) {
      throw UsageError(
          "--repeats is for one KV head at a time with --index graph: the heads' graphs are made while the next one's "
          "links are found");
    }
    const LayersRun layers_run = build_layers(heads, flags.problem, flags.build, *exact, gpu, flags.file);
    return write_layers(std::cout, run, layers_run, flags.file);
  }
  flags.build.ivf_spherical = flags.spherical;
  if (flags.recall) flags.build.automatic.recall = *flags.recall;
  if (heads.size() > 1) return build_each(flags, heads, *exact, run);
  const HeadSource& source = heads.front();
  const HeadProblem problem = make_problem(source.load(), flags.problem, *exact);
  const RepeatedBuild chosen = build_and_save(flags, problem, *exact, flags.file);
  if (run.format == Format::markdown) return print_build(chosen, flags.file);
  write_records(std::cout, run.format, {joined(to_record(source, problem, chosen, flags.file), to_record(run.record))});
}

}  // namespace

Action configure_build(CLI::App& app) {
  const auto flags = std::make_shared<BuildFlags>();
  add_data_flags(app, flags->data);
  const std::vector<std::string> kinds = kind_names();
  app.add_option("--index", flags->kind, join(kinds, ", "))->check(CLI::IsMember(kinds))->capture_default_str();
  add_problem_flags(app, flags->problem);
  add_build_flags(app, flags->build);
  add_exact_flag(app, flags->exact);
  add_repeats_flag(app, flags->repeats);
  app.add_flag("--ivf-spherical", flags->spherical, "ivf: k-means with normalised centroids")->group("Build");
  app.add_option("--recall", flags->recall, "auto: what it is calibrated for, default 0.95")
      ->check(CLI::Range(0.01, 1.0))
      ->group("Build");
  add_run_flags(app, flags->run, {.file = false});
  app.add_option("-o,--out", flags->file, "file of the index; with several KV heads the folder of theirs")
      ->required()
      ->type_name("FILE");
  return [flags, &app] { run_build(*flags, app); };
}

}  // namespace rattan::bench
