// --exact: where exact links and truths are made.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "rattan/exact_topk.h"
#include "rattan/executor.h"

namespace rattan::bench {

// cpu, cuda, or auto: cuda where there is a device. `where` is the default.
void add_exact_flag(CLI::App& app, std::string& where);

bool on_gpu(const std::string& where);

// Throws Error(unsupported) for cuda where there is none.
std::unique_ptr<ExactTopK> make_exact(const std::string& where, Executor* executor);

}  // namespace rattan::bench
