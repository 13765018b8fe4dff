#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/build_layers.h"
#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"

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
  std::string file;
};

BuildKind parse_kind(const std::string& name) {
  const Variant variant = parse_variants(name).front();
  if (!is_available(variant)) throw UsageError("--index " + name + ": this build of the library does not have it");
  return variant.build;
}

Json to_record(const HeadSource& source, const HeadProblem& problem, const BuiltIndex& built, const std::string& file) {
  Json stages = Json::object();
  for (const auto& [name, seconds] : built.stats.stages) stages[name] = seconds;
  Json memory = Json::object();
  for (const auto& [name, bytes] : built.index->memory().parts) memory[name] = bytes;
  return {{"source", source_label(source, problem.group)},
          {"layer", source.layer},
          {"kv_head", source.kv_head},
          {"index", built.index->kind()},
          {"keys", built.index->size()},
          {"dim", built.index->dim()},
          {"file", file},
          {"file_bytes", std::filesystem::file_size(file)},
          {"build_s", built.stats.seconds()},
          {"build_stages", stages},
          {"unreachable", built.stats.unreachable},
          {"index_bytes", built.bytes()},
          {"memory", memory}};
}

void print_build(const Json& record, const std::string& description) {
  std::cout << record.at("index").get<std::string>() << " over " << record.at("keys") << " keys of dimension "
            << record.at("dim") << "\n\n";
  std::vector<Json> stages;
  for (const auto& [name, seconds] : record.at("build_stages").items()) {
    stages.push_back({{"stage", name}, {"seconds", seconds}});
  }
  stages.push_back({{"stage", "all"}, {"seconds", record.at("build_s")}});
  write_markdown(std::cout, {text_column("stage", "stage"), fixed_column("seconds", "seconds", 2)}, stages);
  std::vector<Json> parts;
  for (const auto& [name, bytes] : record.at("memory").items()) parts.push_back({{"part", name}, {"bytes", bytes}});
  parts.push_back({{"part", "all (keys are borrowed)"}, {"bytes", record.at("index_bytes")}});
  std::cout << '\n';
  write_markdown(std::cout, {text_column("part", "part"), fixed_column("MB", "bytes", 3, 1e-6)}, parts);
  std::cout << '\n' << description << "\nwrote " << record.at("file").get<std::string>() << '\n';
}

void run_build(BuildFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const BuildKind kind = parse_kind(flags.kind);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  std::vector<HeadSource> heads = list_heads(flags.data, executor.get());
  const bool layers = heads.size() > 1 && kind == BuildKind{"graph"};
  if (!layers) only_head(heads);
  datasets::KvGroup first = heads.front().load();
  heads.front().load = [first] { return first; };
  // Links on a GPU are made while graphs are built: the host's part of them must not wait for cores that builds hold.
  const bool gpu = links_on_gpu(flags.exact, first, flags.problem.keys_as);
  const std::unique_ptr<Executor> beside = make_openmp_executor(layers && gpu ? 2 : flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact(gpu ? "cuda" : "cpu", beside.get());
  flags.problem.queries = 1;
  set_build_run(flags.build, flags.run.seed, executor.get());
  if (layers) {
    const LayersRun run = build_layers(heads, flags.problem, flags.build, *exact, gpu, flags.file);
    return format == Format::markdown ? print_layers(run, flags.file)
                                      : write_records(std::cout, format, {}, run.records);
  }
  const HeadSource source = only_head(heads);
  const HeadProblem problem = make_problem(source.load(), flags.problem, *exact);
  flags.build.ivf_spherical = flags.spherical;
  const std::vector<BuiltIndex> built = build_indexes(kind, problem, flags.build, *exact);
  const BuiltIndex& chosen = built.front();
  chosen.index->save(flags.file);
  const Json record = to_record(source, problem, chosen, flags.file);
  if (format == Format::markdown) {
    print_build(record, chosen.index->describe());
  } else {
    write_records(std::cout, format, {}, {record});
  }
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
  app.add_flag("--ivf-spherical", flags->spherical, "ivf: k-means with normalised centroids")->group("Build");
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run, "--format");
  app.add_option("-o,--out", flags->file,
                 "file of the index; with --index graph and several KV heads the folder of theirs")
      ->required()
      ->type_name("FILE");
  return [flags] { run_build(*flags); };
}

}  // namespace rattan::bench
