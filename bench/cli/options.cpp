#include "bench/cli/options.h"

#include <algorithm>
#include <map>

#include "bench/cli/output.h"
#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

const std::map<std::string, DType>& dtypes() {
  static const std::map<std::string, DType> names = {{"f32", DType::f32}, {"f16", DType::f16}, {"bf16", DType::bf16}};
  return names;
}

// Before, -o was the format.
void check_file_name(const std::string& file) {
  if (file == "md" || file == "csv" || file == "json" || file == "jsonl") {
    throw UsageError("-o is the file to write, here \"" + file + "\"; the format is --format " + file);
  }
}

}  // namespace

Run start_run(const RunFlags& flags) {
  Run run;
  run.format = parse_format(flags.format);
  if (!flags.file.empty()) {
    check_file_name(flags.file);
    open_output(flags.file, flags.append                  ? OutputMode::append
                            : run.format == Format::jsonl ? OutputMode::as_lines
                                                          : OutputMode::whole);
  }
  run.executor = make_thread_executor(flags.threads);
  run.record = run_record(run.executor->workers(), flags.seed);
  return run;
}

void add_data_flags(CLI::App& app, DataSelection& data) {
  const std::string group = "Data";
  app.add_option("--data", data.paths,
                 "safetensors, npy, HDF5, fbin, f16bin or fvecs: a folder or file, or KEYS+QUERIES (bench/README.md)")
      ->delimiter(',')
      ->type_name("PATH[,PATH..]")
      ->group(group);
  app.add_option("--synth", data.synthetic, "synthetic heads, e.g. n=131072,d=128,group=4,heads=2,seed=1")
      ->expected(1)
      ->take_all()
      ->type_name("SPEC")
      ->group(group);
  app.add_flag("--embedded", data.embedded, "the KV head of a real model inside this program")->group(group);
  app.add_option("--prefill", data.split.prefill, "keys of the prefill, where the data does not say it")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32))
      ->group(group);
  app.add_option(
         "--group", data.split.group,
         "query heads of a KV head, where the data does not say it; row of a queries file = step * group + head")
      ->check(CLI::Range(std::size_t{1}, datasets::max_query_heads))
      ->group(group);
  app.add_option("--layers", data.layers, "only these layers, e.g. 0,2-3")->type_name("LIST")->group(group);
  app.add_option("--kv-heads", data.kv_heads, "only these KV heads")->type_name("LIST")->group(group);
}

void add_window_flags(CLI::App& app, ProblemOptions& problem) {
  const std::string group = "Measurement";
  app.add_option("--sinks", problem.sinks, "first keys, attended exactly and not indexed")
      ->capture_default_str()
      ->group(group);
  app.add_option("--recent", problem.recent, "last keys of the prefill, likewise")->capture_default_str()->group(group);
}

void add_problem_flags(CLI::App& app, ProblemOptions& problem) {
  const std::string group = "Measurement";
  add_window_flags(app, problem);
  app.add_option("--queries", problem.queries, "decode steps asked, consecutive from the first")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32))
      ->capture_default_str()
      ->group(group);
  add_dtype_flags(app, problem.keys_as, problem.queries_as);
}

void add_dtype_flags(CLI::App& app, std::optional<DType>& keys_as, std::optional<DType>& queries_as) {
  const auto add = [&app](const char* name, std::optional<DType>& dtype, const std::string& what) {
    app.add_option_function<std::string>(
           name, [&dtype](const std::string& text) { dtype = dtypes().at(text); },
           "re-encode " + what + " first: f32, f16 or bf16; default as stored")
        ->check(CLI::IsMember({"f32", "f16", "bf16"}))
        ->type_name("DTYPE")
        ->group("Measurement");
  };
  add("--keys-as", keys_as, "keys and values");
  add("--queries-as", queries_as, "queries");
}

void add_build_flags(CLI::App& app, BuildOptions& build) {
  const std::string group = "Build";
  app.add_option("--links-k", build.links.k, "graph: exact keys linked to each prefill query")
      ->check(CLI::Range(1U, 1U << 16))
      ->capture_default_str()
      ->group(group);
  app.add_option("--query-step", build.links.query_step,
                 "graph: every how many prefill query rows are linked; 0: about 16,384 rows per head")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--causal-links", build.links.causal, "graph: link a query only to keys before it")->group(group);
  app.add_option("--degree", build.graph.max_degree, "graph: edges per key at most")
      ->check(CLI::Range(1U, 1024U))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--fill,!--no-fill", build.graph.fill_nearest, "graph: free slots take the nearest keys, or stay free")
      ->group(group);
  app.add_option("--entry-points", build.graph.entry_points, "graph: keys every search starts from")
      ->check(CLI::Range(1U, 4096U))
      ->capture_default_str()
      ->group(group);
  app.add_option("--ivf-lists", build.ivf.lists, "ivf: lists; 0: 2 * sqrt(keys)")->capture_default_str()->group(group);
  app.add_option("--hnsw-m", build.hnsw.max_degree, "hnsw: M")
      ->check(CLI::Range(2U, 512U))
      ->capture_default_str()
      ->group(group);
  app.add_option("--hnsw-build-beam", build.hnsw.build_beam, "hnsw: efConstruction")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str()
      ->group(group);
}

void add_threads_flag(CLI::App& app, RunFlags& run) {
  app.add_option("--threads", run.threads, "threads of builds and untimed searches; 0: all")
      ->check(CLI::Range(0U, 1024U))
      ->capture_default_str();
}

void add_run_flags(CLI::App& app, RunFlags& run, const RunFlagNames& names) {
  add_threads_flag(app, run);
  if (names.seed) {
    app.add_option("--seed", run.seed, "of every random choice of a build")->capture_default_str();
  } else {
    run.seed = 0;
  }
  app.add_option("--format", run.format, "md, csv, json or jsonl")
      ->check(CLI::IsMember({"md", "csv", "json", "jsonl"}))
      ->capture_default_str();
  if (names.file) {
    app.add_option("-o,--out", run.file, "file for what is printed; default stdout")->type_name("FILE");
  }
}

void add_repeats_flag(CLI::App& app, std::size_t& repeats) {
  app.add_option("-r,--repeats", repeats,
                 "repeats of every timing: rows have their mean and deviation, where steps are timed of medians")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 16))
      ->capture_default_str()
      ->group("Measurement");
}

void add_k_flag(CLI::App& app, ProblemOptions& problem) {
  app.add_option("--k", problem.k, "neighbours per query")->check(CLI::Range(1U, 1U << 20))->capture_default_str();
}

void add_stack_flags(CLI::App& app, StackOptions& stack, double& memory_gb, std::size_t& rounds,
                     const std::string& unit) {
  app.add_option("--layer-kv-heads", stack.kv_heads, "KV heads of a " + unit + ": consecutive ones of the data")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}))
      ->capture_default_str();
  app.add_option("--memory-gb", memory_gb, "10^9 bytes that keys and values may take; else fewer " + unit + "s")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option("--rounds", rounds, "timed turns of every way")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
}

void add_retrieval_flags(CLI::App& app, ContextParams& context) {
  app.add_option("--k", context.budget.k, "keys per query head that are retrieved")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str();
  app.add_option("--recall", context.recall, "of them, by which widths are calibrated on held-out prefill queries")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
}

void refuse_unused(const CLI::App& app, std::initializer_list<const char*> names, const std::string& where) {
  for (const char* name : names) {
    if (app.count(name) > 0) throw UsageError(std::string(name) + " is for " + where);
  }
}

void refuse_unused_build_flags(const CLI::App& app, const std::vector<std::string_view>& kinds) {
  const auto has = [&](std::string_view kind) { return std::ranges::count(kinds, kind) != 0; };
  if (!has("graph") && !has("auto")) {
    refuse_unused(app, {"--links-k", "--query-step", "--causal-links", "--degree", "--fill", "--entry-points"},
                  "an --index with a graph");
  }
  if (!has("ivf")) refuse_unused(app, {"--ivf-lists"}, "--index ivf");
  if (!has("hnsw")) refuse_unused(app, {"--hnsw-m", "--hnsw-build-beam"}, "--index hnsw");
}

HeadSource only_head(const std::vector<HeadSource>& heads) {
  if (heads.size() != 1) {
    throw UsageError("the data selects " + std::to_string(heads.size()) +
                     " KV heads, this command takes 1: narrow it with --layers and --kv-heads");
  }
  return heads.front();
}

}  // namespace rattan::bench
