#include "core/check.h"
#include "index/registry.h"
#include "rattan/context.h"

namespace rattan {

void ContextShape::validate() const {
  check_range<std::uint32_t>("ContextShape::layers", layers, 1, 4096);
  check_range<std::uint32_t>("ContextShape::kv_heads", kv_heads, 1, 4096);
  check_range<std::uint32_t>("ContextShape::query_heads", query_heads, 1, 1U << 15);
  if (query_heads % kv_heads != 0) {
    fail(ErrorCode::invalid_argument, "ContextShape::query_heads is ", query_heads, ", allowed is a multiple of the ",
         kv_heads, " kv_heads");
  }
  check_range<std::uint32_t>("ContextShape::key_dim", key_dim, 1, 4096);
  check_range<std::uint32_t>("ContextShape::value_dim", value_dim, 1, 4096);
  check_range<unsigned>("ContextShape::dtype", static_cast<unsigned>(dtype), 0, 2);
}

void ContextParams::validate() const {
  if (softmax_scale != 0 && !(softmax_scale >= 1e-30 && softmax_scale <= 65536)) {
    fail(ErrorCode::invalid_argument, "ContextParams::softmax_scale is ", softmax_scale,
         ", allowed is 0 (1 / sqrt(key_dim)) or 1e-30 to 65536");
  }
  // A cap errs by its own 2^-21: more than 1,000 would change logits that it does not cap.
  if (logit_cap != 0) check_range("ContextParams::logit_cap", logit_cap, 1e-6, 1e3);
  check_range<std::uint32_t>("ContextParams::sinks", sinks, 0, 1U << 24);
  check_range<std::uint32_t>("ContextParams::recent", recent, 0, 1U << 24);
  budget.validate();
  check_range<unsigned>("ContextParams::kind", static_cast<unsigned>(kind), 0, last_head_kind());
  if (!(recall > 0 && recall <= 1)) {
    fail(ErrorCode::invalid_argument, "ContextParams::recall is ", recall, ", allowed is above 0 to 1");
  }
  check_range<std::uint32_t>("ContextParams::links_k", links_k, 1, 1024);
  check_range<std::uint32_t>("ContextParams::link_queries", link_queries, 1, 1U << 24);
  check_range<std::uint32_t>("ContextParams::kept_queries", kept_queries, 0, 1U << 20);
  check_range<std::uint32_t>("ContextParams::clusters", clusters, 0, 1U << 16);
  graph.validate();
  check_range<std::size_t>("ContextParams::capacity", capacity, 1, no_key);
  check_range<std::uint32_t>("ContextParams::seal_after", seal_after, 0, 1U << 24);
  check_range<std::uint32_t>("ContextParams::build_threads", build_threads, 0, 1024);
}

}  // namespace rattan
