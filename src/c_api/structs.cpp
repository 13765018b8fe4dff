#include "c_api/structs.h"

#include <algorithm>

#include "core/check.h"
#include "index/registry.h"

namespace rattan::c_api {
namespace {

// No struct of the API will be as large: an uninitialised size is noticed.
constexpr std::uint32_t largest_struct = 4096;

std::uint32_t size_of(const void* given, std::string_view name) {
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < sizeof size || size > largest_struct) {
    fail(ErrorCode::invalid_argument, name, ".struct_size is ", size,
         ", allowed is the sizeof of the struct, which its rattan_*_init function sets");
  }
  return size;
}

// Enumerations of C++ are a byte wide: a value that would be cut must not pass.
template <typename Enum>
Enum enumerator(std::string_view name, std::uint32_t value, Enum last) {
  check_range<std::uint32_t>(name, value, 0, static_cast<std::uint32_t>(last));
  return static_cast<Enum>(value);
}

}  // namespace

bool is_on(std::string_view name, rattan_switch value) {
  check_range<rattan_switch>(name, value, RATTAN_OFF, RATTAN_ON);
  return value == RATTAN_ON;
}

void read_bytes(const void* from, void* into, std::uint32_t known, std::string_view name) {
  const std::uint32_t size = size_of(from, name);
  const auto* const bytes = static_cast<const std::byte*>(from);
  if (size > known && std::any_of(bytes + known, bytes + size, [](std::byte b) { return b != std::byte{0}; })) {
    fail(ErrorCode::version, name, ".struct_size is ", size, ", this library knows ", known,
         " bytes of it, and what lies behind them is set");
  }
  std::memcpy(into, from, std::min(size, known));
}

void check_size(const void* given, std::string_view name) { size_of(given, name); }

void write_bytes(const void* from, void* into, std::uint32_t known, std::string_view name) {
  const std::uint32_t size = size_of(into, name);
  constexpr std::uint32_t first = sizeof(std::uint32_t);  // struct_size stays the caller's
  const std::uint32_t end = std::min(size, known);
  auto* const bytes = static_cast<std::byte*>(into);
  std::memcpy(bytes + first, static_cast<const std::byte*>(from) + first, end - first);
  std::fill(bytes + end, bytes + size, std::byte{0});
}

ContextShape to_shape(const rattan_shape& given) {
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape = read_struct(given, shape, "shape");
  ContextShape to;
  to.layers = shape.layers;
  to.query_heads = shape.query_heads;
  to.kv_heads = shape.kv_heads;
  to.key_dim = shape.key_dim;
  to.value_dim = shape.value_dim;
  to.dtype = enumerator("shape.dtype", shape.dtype, DType::bf16);
  return to;
}

Budget to_budget(const rattan_budget& given) {
  rattan_budget budget;
  rattan_budget_init(&budget);
  budget = read_struct(given, budget, "budget");
  Budget to;
  to.k = budget.k;
  if (budget.epsilon != 0) to.epsilon = budget.epsilon;
  to.most_k = budget.most_k;
  to.estimate_unread = is_on("budget.estimate_unread", budget.estimate_unread);
  return to;
}

ContextParams to_params(const rattan_params& given) {
  rattan_params params;
  rattan_params_init(&params);
  params = read_struct(given, params, "params");
  if (params.budget.struct_size != sizeof(rattan_budget)) {
    fail(ErrorCode::invalid_argument, "params.budget.struct_size is ", params.budget.struct_size, ", allowed is ",
         sizeof(rattan_budget), " (within rattan_params it never changes)");
  }
  ContextParams to;
  to.softmax_scale = params.softmax_scale;
  to.sinks = params.sinks;
  to.recent = params.recent;
  to.budget = to_budget(params.budget);
  to.kind = enumerator("params.kind", params.kind, static_cast<HeadKind>(last_head_kind()));
  to.recall = params.recall;
  to.links_k = params.links_k;
  to.link_queries = params.link_queries;
  to.clusters = params.clusters;
  to.graph.max_degree = params.max_degree;
  to.graph.seed = params.seed;
  to.capacity = params.capacity;
  to.seal_after = params.seal_after;
  to.background_seal = is_on("params.background_seal", params.background_seal);
  to.seed = params.seed;
  to.memory_limit = params.memory_limit;
  to.kept_queries = params.kept_queries;
  to.check_layers = is_on("params.check_layers", params.check_layers);
  to.logit_cap = params.logit_cap;
  to.background_build = is_on("params.background_build", params.background_build);
  to.build_threads = params.build_threads;
  return to;
}

}  // namespace rattan::c_api

namespace {
rattan_switch to_switch(bool on) { return on ? RATTAN_ON : RATTAN_OFF; }
}  // namespace

void rattan_shape_init(rattan_shape* shape) {
  if (shape == nullptr) return;
  *shape = {};
  shape->struct_size = sizeof *shape;
  shape->dtype = RATTAN_F16;
}

void rattan_budget_init(rattan_budget* budget) {
  if (budget == nullptr) return;
  const rattan::Budget defaults;
  *budget = {};
  budget->struct_size = sizeof *budget;
  budget->k = defaults.k;
  budget->most_k = defaults.most_k;
  budget->estimate_unread = to_switch(defaults.estimate_unread);
}

void rattan_params_init(rattan_params* params) {
  if (params == nullptr) return;
  const rattan::ContextParams defaults;
  *params = {};
  params->struct_size = sizeof *params;
  params->kind = RATTAN_KIND_AUTO;
  params->sinks = defaults.sinks;
  params->recent = defaults.recent;
  rattan_budget_init(&params->budget);
  params->recall = defaults.recall;
  params->links_k = defaults.links_k;
  params->link_queries = defaults.link_queries;
  params->clusters = defaults.clusters;
  params->max_degree = defaults.graph.max_degree;
  params->capacity = defaults.capacity;
  params->seal_after = defaults.seal_after;
  params->background_seal = to_switch(defaults.background_seal);
  params->seed = defaults.seed;
  params->memory_limit = defaults.memory_limit;
  params->kept_queries = defaults.kept_queries;
  params->check_layers = to_switch(defaults.check_layers);
  params->exact = RATTAN_EXACT_CPU;
  params->background_build = to_switch(defaults.background_build);
  params->build_threads = defaults.build_threads;
}

void rattan_decode_item_init(rattan_decode_item* item) {
  if (item == nullptr) return;
  *item = {};
  item->struct_size = sizeof *item;
}

void rattan_stats_init(rattan_stats* stats) {
  if (stats == nullptr) return;
  *stats = {};
  stats->struct_size = sizeof *stats;
}
