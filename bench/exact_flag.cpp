#include "bench/exact_flag.h"

namespace rattan::bench {

void add_exact_flag(CLI::App& app, std::string& where) {
  app.add_option("--exact", where, "where exact links are made: cpu, cuda, or auto (cuda where there is a device)")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str()
      ->group("Build");
}

bool on_gpu(const std::string& where) { return where == "cuda" || (where == "auto" && cuda_available()); }

std::unique_ptr<ExactTopK> make_exact(const std::string& where, Executor* executor) {
  if (!on_gpu(where)) return make_exact_topk_cpu(executor);
  return make_exact_topk_cuda({.executor = executor});
}

}  // namespace rattan::bench
