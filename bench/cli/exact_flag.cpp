#include "bench/cli/exact_flag.h"

#include "bench/inputs/usage_error.h"

namespace rattan::bench {

void add_exact_flag(CLI::App& app, std::string& where) {
  app.add_option("--exact", where, "where exact links are made: cpu, cuda, or auto (cuda where there is a device)")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str()
      ->group("Build");
}

bool on_gpu(const std::string& where) { return where == "cuda" || (where == "auto" && cuda_available()); }

bool links_on_gpu(const std::string& where, const datasets::KvGroup& group, std::optional<DType> keys_as,
                  std::optional<DType> queries_as) {
  if (!on_gpu(where)) return false;
  const DType keys = keys_as.value_or(group.keys.view.dtype);
  for (const SharedMatrix& queries : group.prefill_queries) {
    const DType dtype = queries_as.value_or(queries.view.dtype);
    if (dtype == keys && keys != DType::f32) continue;
    if (where == "auto") return false;
    throw UsageError("--exact cuda: queries are " + std::string(to_string(dtype)) + ", keys " +
                     std::string(to_string(keys)) +
                     "; a GPU takes f16 or bf16, the same for both: --keys-as and --queries-as re-encode them");
  }
  return true;
}

std::unique_ptr<ExactTopK> make_exact(const std::string& where, Executor* executor) {
  if (!on_gpu(where)) return make_exact_topk_cpu(executor);
  return make_exact_topk_cuda({.executor = executor});
}

}  // namespace rattan::bench
