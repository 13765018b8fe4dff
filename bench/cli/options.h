// Flags that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/context/layer_stack.h"
#include "bench/inputs/data_source.h"
#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/run_record.h"
#include "bench/report/writers.h"
#include "rattan/context.h"
#include "rattan/executor.h"

namespace rattan::bench {

struct RunFlags {
  unsigned threads = 0;
  std::uint64_t seed = 1;
  std::string format = "md";
  std::string file;  // takes what is printed; empty: stdout
  bool append = false;
};

// Which of them a command has. One that makes a file of its own has "-o,--out" for that.
struct RunFlagNames {
  bool seed = true;
  bool file = true;
};

// What the flags mean: made before anything is measured, so that a wrong one costs nothing.
struct Run {
  Format format = Format::markdown;
  std::unique_ptr<Executor> executor;
  RunRecord record;
};

// Opens the output file: JSON lines are in it as they are printed, all else at the end. Throws UsageError and Error.
Run start_run(const RunFlags& flags);

void add_data_flags(CLI::App& app, DataSelection& data);
void add_window_flags(CLI::App& app, ProblemOptions& problem);
void add_problem_flags(CLI::App& app, ProblemOptions& problem);  // window, queries and dtypes
void add_dtype_flags(CLI::App& app, std::optional<DType>& keys_as, std::optional<DType>& queries_as);
void add_build_flags(CLI::App& app, BuildOptions& build);
void add_threads_flag(CLI::App& app, RunFlags& run);
void add_run_flags(CLI::App& app, RunFlags& run, const RunFlagNames& names = {});  // threads, seed, format and file
void add_repeats_flag(CLI::App& app, std::size_t& repeats);                        // of what a command times
void add_k_flag(CLI::App& app, ProblemOptions& problem);

// Copies of the data's heads that are decoded in turn: a unit ("layer", "sequence") of how many KV heads, in how much
// memory, how often.
void add_stack_flags(CLI::App& app, StackOptions& stack, double& memory_gb, std::size_t& rounds,
                     const std::string& unit);
void add_retrieval_flags(CLI::App& app, ContextParams& context);  // k and recall

// Throws UsageError, "NAME is for WHERE", where one of these flags was given though nothing here uses it.
void refuse_unused(const CLI::App& app, std::initializer_list<const char*> names, const std::string& where);
// The same of build flags that belong to none of the kinds. auto builds graphs.
void refuse_unused_build_flags(const CLI::App& app, const std::vector<std::string_view>& kinds);

// The only KV head of the selection. Throws UsageError naming how many there are.
HeadSource only_head(const std::vector<HeadSource>& heads);

}  // namespace rattan::bench
