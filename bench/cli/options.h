// Flags that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "bench/inputs/data_source.h"
#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/report/writers.h"

namespace rattan::bench {

struct RunFlags {
  unsigned threads = 0;
  std::uint64_t seed = 1;
  std::string format = "md";
};

void add_data_flags(CLI::App& app, DataSelection& data);
void add_window_flags(CLI::App& app, ProblemOptions& problem);
void add_problem_flags(CLI::App& app, ProblemOptions& problem);  // window, queries and dtype
void add_keys_as_flag(CLI::App& app, std::optional<DType>& keys_as);
void add_build_flags(CLI::App& app, BuildOptions& build);
void add_threads_flag(CLI::App& app, RunFlags& run);
void add_seed_flag(CLI::App& app, RunFlags& run);
// Commands that write a file have "-o,--out" for it and "--format" here.
void add_format_flag(CLI::App& app, RunFlags& run, const char* name = "-o,--output");
void add_k_flag(CLI::App& app, ProblemOptions& problem);

// The only KV head of the selection. Throws UsageError naming how many there are.
HeadSource only_head(const std::vector<HeadSource>& heads);

}  // namespace rattan::bench
