#include "c_api/handle.h"

#include "c_api/structs.h"
#include "core/check.h"

namespace rattan::c_api {

std::shared_ptr<Executor> make_executor(std::uint32_t threads) {
  if (threads == 0) return nullptr;
  if (threads == 1) return {std::shared_ptr<void>(), &serial_executor()};
  check_range<std::uint32_t>("params.threads", threads, 0, 1024);
  return make_thread_executor(threads);
}

namespace {

std::shared_ptr<const ExactTopK> make_exact(rattan_exact where, Executor* executor) {
  check_range<rattan_exact>("params.exact", where, RATTAN_EXACT_CPU, RATTAN_EXACT_CUDA_OR_CPU);
  if (where == RATTAN_EXACT_CPU || (where == RATTAN_EXACT_CUDA_OR_CPU && !cuda_available())) return nullptr;
  CudaOptions options;
  options.executor = executor;
  return make_exact_topk_cuda(options);
}

}  // namespace

std::unique_ptr<rattan_context> make_context(const rattan_shape& shape, const rattan_params& given) {
  rattan_params params;
  rattan_params_init(&params);
  params = read_struct(given, params, "params");
  ContextParams context_params = to_params(params);
  const std::shared_ptr<Executor> executor = make_executor(params.threads);
  const std::shared_ptr<const ExactTopK> exact = make_exact(params.exact, executor.get());
  context_params.executor = executor.get();
  context_params.exact = exact.get();
  return std::make_unique<rattan_context>(rattan_context{executor, exact, Context(to_shape(shape), context_params),
                                                         is_on("params.copy_pages", params.copy_pages)});
}

}  // namespace rattan::c_api
