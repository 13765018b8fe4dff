// Stands in for cuda/ in builds without it.
#include <string>

#include "core/check.h"
#include "rattan/exact_topk.h"

namespace rattan {

bool cuda_available(std::string* why) {
  if (why != nullptr) *why = "built without CUDA";
  return false;
}

std::unique_ptr<ExactTopK> make_exact_topk_cuda(const CudaOptions&) {
  fail(ErrorCode::unsupported, "exact top-k on a GPU: built without CUDA");
}

}  // namespace rattan
