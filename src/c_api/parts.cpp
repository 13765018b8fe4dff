#include "c_api/status.h"
#include "rattan/attention.h"

using rattan::c_api::guarded;
using rattan::c_api::required;

rattan_status rattan_merge(float* output, float* lse, const float* other_output, float other_lse, size_t value_dim) {
  return guarded([&] {
    rattan::AttentionPart into{{&required(output, "output"), value_dim}, required(lse, "lse")};
    // Only read: merge takes `from` as constant, its span is not.
    auto* const other = const_cast<float*>(&required(other_output, "other_output"));
    rattan::merge(into, {{other, value_dim}, other_lse});
    *lse = into.lse;
  });
}

float rattan_lse_to_log2(float lse) { return rattan::lse_to_log2(lse); }
