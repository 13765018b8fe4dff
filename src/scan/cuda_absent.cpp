// Stands in for cuda/ in builds without it.
#include <string>

#include "rattan/exact_topk.h"

namespace rattan {

bool cuda_available(std::string* why) {
  if (why != nullptr) *why = "built without CUDA";
  return false;
}

}  // namespace rattan
