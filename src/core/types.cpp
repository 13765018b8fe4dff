#include "rattan/types.h"

namespace rattan {

const char* to_string(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
  }
  return "unknown dtype";
}

const char* to_string(Metric metric) noexcept {
  switch (metric) {
    case Metric::inner_product: return "inner_product";
    case Metric::l2: return "l2";
  }
  return "unknown metric";
}

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::io: return "io";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::version: return "version";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::no_memory: return "no_memory";
  }
  return "unknown error code";
}

}  // namespace rattan
