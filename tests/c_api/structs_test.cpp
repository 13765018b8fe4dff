#include "c_api/structs.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

#include "index/registry.h"
#include "tests/support/errors.h"

namespace rattan::c_api {
namespace {

using test::expect_error;

rattan_params default_params() {
  rattan_params params;
  rattan_params_init(&params);
  return params;
}

TEST(Structs, DefaultsAreThoseOfTheCppStructs) {
  const ContextParams defaults;
  const ContextParams params = to_params(default_params());
  EXPECT_EQ(params.softmax_scale, defaults.softmax_scale);
  EXPECT_EQ(params.sinks, defaults.sinks);
  EXPECT_EQ(params.recent, defaults.recent);
  EXPECT_EQ(params.budget.k, defaults.budget.k);
  EXPECT_EQ(params.budget.epsilon, defaults.budget.epsilon);
  EXPECT_EQ(params.budget.most_k, defaults.budget.most_k);
  EXPECT_EQ(params.budget.estimate_unread, defaults.budget.estimate_unread);
  EXPECT_EQ(params.kind, defaults.kind);
  EXPECT_EQ(params.recall, defaults.recall);
  EXPECT_EQ(params.links_k, defaults.links_k);
  EXPECT_EQ(params.link_queries, defaults.link_queries);
  EXPECT_EQ(params.clusters, defaults.clusters);
  EXPECT_EQ(params.graph.max_degree, defaults.graph.max_degree);
  EXPECT_EQ(params.capacity, defaults.capacity);
  EXPECT_EQ(params.seal_after, defaults.seal_after);
  EXPECT_EQ(params.background_seal, defaults.background_seal);
  EXPECT_EQ(params.background_build, defaults.background_build);
  EXPECT_EQ(params.build_threads, defaults.build_threads);
  EXPECT_EQ(params.seed, defaults.seed);
  EXPECT_EQ(params.memory_limit, defaults.memory_limit);
}

TEST(Structs, EveryMemberArrives) {
  rattan_params given = default_params();
  given.kind = RATTAN_KIND_GRAPH;
  given.softmax_scale = 0.5;
  given.budget.epsilon = 0.25;
  given.budget.estimate_unread = RATTAN_OFF;
  given.max_degree = 24;
  given.seed = 9;
  given.memory_limit = 1ULL << 40;
  const ContextParams params = to_params(given);
  EXPECT_EQ(params.kind, HeadKind::graph);
  EXPECT_EQ(params.softmax_scale, 0.5);
  EXPECT_EQ(params.budget.epsilon, 0.25);
  EXPECT_FALSE(params.budget.estimate_unread);
  EXPECT_EQ(params.graph.max_degree, 24U);
  EXPECT_EQ(params.graph.seed, 9U);
  EXPECT_EQ(params.memory_limit, 1ULL << 40);
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = 1;
  shape.query_heads = 2;
  shape.kv_heads = 3;
  shape.key_dim = 4;
  shape.value_dim = 5;
  shape.dtype = RATTAN_BF16;
  const ContextShape to = to_shape(shape);
  EXPECT_EQ(to.layers, 1U);
  EXPECT_EQ(to.query_heads, 2U);
  EXPECT_EQ(to.kv_heads, 3U);
  EXPECT_EQ(to.key_dim, 4U);
  EXPECT_EQ(to.value_dim, 5U);
  EXPECT_EQ(to.dtype, DType::bf16);
}

TEST(Structs, NumbersOfKindsAreThoseOfTheRegistry) {
  EXPECT_EQ(find_head_kind(RATTAN_KIND_AUTO), nullptr);
  EXPECT_EQ(find_head_kind(RATTAN_KIND_FLAT), find_kind("flat"));
  EXPECT_EQ(find_head_kind(RATTAN_KIND_SCAN4), find_kind("scan4"));
  EXPECT_EQ(find_head_kind(RATTAN_KIND_GRAPH), find_kind("graph"));
  EXPECT_EQ(last_head_kind(), static_cast<std::uint32_t>(RATTAN_KIND_GRAPH));
}

TEST(Structs, OlderCallersGetDefaultsForWhatTheyLack) {
  rattan_params given = default_params();
  given.sinks = 7;
  given.clusters = 5;  // behind what the caller knows
  given.struct_size = offsetof(rattan_params, clusters);
  const ContextParams params = to_params(given);
  EXPECT_EQ(params.sinks, 7U);
  EXPECT_EQ(params.clusters, ContextParams().clusters);
}

TEST(Structs, NewerCallersMayNotUseWhatIsUnknown) {
  struct Newer {
    rattan_budget known;
    std::uint64_t unknown;
  } newer{};
  rattan_budget_init(&newer.known);
  newer.known.k = 33;
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(to_budget(newer.known).k, 33U);
  newer.unknown = 1ULL << 40;
  expect_error(ErrorCode::version, "budget.struct_size", [&] { to_budget(newer.known); });
}

TEST(Structs, SizesOfNoStructAreRefused) {
  rattan_budget budget;
  rattan_budget_init(&budget);
  for (const std::uint32_t size : {0U, 3U, 4097U, 0xffffffffU}) {
    budget.struct_size = size;
    expect_error(ErrorCode::invalid_argument, "budget.struct_size", [&] { to_budget(budget); });
  }
  rattan_params params = default_params();
  params.budget.struct_size = 8;
  expect_error(ErrorCode::invalid_argument, "params.budget.struct_size", [&] { to_params(params); });
}

TEST(Structs, NumbersThatNoEnumerationHasAreRefused) {
  rattan_params params = default_params();
  params.kind = 256;
  expect_error(ErrorCode::invalid_argument, "params.kind", [&] { to_params(params); });
  params = default_params();
  params.background_seal = 2;
  expect_error(ErrorCode::invalid_argument, "params.background_seal", [&] { to_params(params); });
  params = default_params();
  params.background_build = 2;
  expect_error(ErrorCode::invalid_argument, "params.background_build", [&] { to_params(params); });
  params = default_params();
  params.budget.estimate_unread = 2;
  expect_error(ErrorCode::invalid_argument, "budget.estimate_unread", [&] { to_params(params); });
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.dtype = 3;
  expect_error(ErrorCode::invalid_argument, "shape.dtype", [&] { to_shape(shape); });
}

TEST(Structs, ResultsFillTheCallersStruct) {
  const std::array<std::uint32_t, 3> from{12, 5, 6};
  std::array<std::uint32_t, 4> larger{16, 1, 1, 1};
  write_bytes(from.data(), larger.data(), sizeof from, "made");
  EXPECT_EQ(larger, (std::array<std::uint32_t, 4>{16, 5, 6, 0}));
  std::array<std::uint32_t, 3> smaller{8, 1, 1};
  write_bytes(from.data(), smaller.data(), sizeof from, "made");
  EXPECT_EQ(smaller, (std::array<std::uint32_t, 3>{8, 5, 1}));
  smaller[0] = 0;
  expect_error(ErrorCode::invalid_argument, "made", [&] { write_bytes(from.data(), smaller.data(), 12, "made"); });
}

}  // namespace
}  // namespace rattan::c_api
