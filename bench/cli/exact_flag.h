// --exact: where exact links and truths are made.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "datasets/qkv_dump.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"
#include "rattan/types.h"

namespace rattan::bench {

// cpu, cuda, or auto: cuda where there is a device. `where` is the default.
void add_exact_flag(CLI::App& app, std::string& where);

bool on_gpu(const std::string& where);

// The same for this KV head, re-encoded as `keys_as` and `queries_as` where they are set: a GPU multiplies queries and
// keys of one 2-byte type. Where they are not, "auto" is the CPU, and "cuda" throws UsageError.
bool links_on_gpu(const std::string& where, const datasets::KvGroup& group, std::optional<DType> keys_as,
                  std::optional<DType> queries_as);

// Throws Error(unsupported) for cuda where there is none.
std::unique_ptr<ExactTopK> make_exact(const std::string& where, Executor* executor);

}  // namespace rattan::bench
