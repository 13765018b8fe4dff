#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "rattan/context.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

ContextShape good_shape() {
  ContextShape shape;
  shape.layers = 1;
  shape.query_heads = 8;
  shape.kv_heads = 2;
  shape.key_dim = 16;
  shape.value_dim = 16;
  return shape;
}

template <typename Change>
void expect_bad_shape(const char* name, const Change& change) {
  ContextShape shape = good_shape();
  change(shape);
  expect_error(ErrorCode::invalid_argument, name, [&] { shape.validate(); });
}

template <typename Change>
void expect_bad_params(const char* name, const Change& change) {
  ContextParams params;
  change(params);
  expect_error(ErrorCode::invalid_argument, name, [&] { params.validate(); });
}

TEST(ContextParams, ShapesAreChecked) {
  good_shape().validate();
  expect_bad_shape("layers", [](auto& s) { s.layers = 0; });
  expect_bad_shape("layers", [](auto& s) { s.layers = 4097; });
  expect_bad_shape("kv_heads", [](auto& s) { s.kv_heads = 0; });
  expect_bad_shape("query_heads", [](auto& s) { s.query_heads = 0; });
  expect_bad_shape("query_heads", [](auto& s) { s.query_heads = 9; });
  expect_bad_shape("query_heads", [](auto& s) { s.query_heads = 32770; });
  expect_bad_shape("key_dim", [](auto& s) { s.key_dim = 0; });
  expect_bad_shape("value_dim", [](auto& s) { s.value_dim = 4097; });
  expect_bad_shape("dtype", [](auto& s) { s.dtype = static_cast<DType>(3); });
}

TEST(ContextParams, DefaultsAreGood) { ContextParams().validate(); }

TEST(ContextParams, EveryNumberIsChecked) {
  expect_bad_params("softmax_scale", [](auto& p) { p.softmax_scale = -1; });
  expect_bad_params("softmax_scale", [](auto& p) { p.softmax_scale = not_a_number; });
  for (const double scale : {1e39, 65537.0, 1e-31, HUGE_VAL}) {  // logits beyond fp32, or all alike
    expect_bad_params("softmax_scale", [scale](auto& p) { p.softmax_scale = scale; });
  }
  expect_bad_params("logit_cap", [](auto& p) { p.logit_cap = -1; });
  expect_bad_params("logit_cap", [](auto& p) { p.logit_cap = 1e4; });
  expect_bad_params("logit_cap", [](auto& p) { p.logit_cap = not_a_number; });
  expect_bad_params("sinks", [](auto& p) { p.sinks = 1U << 25; });
  expect_bad_params("recent", [](auto& p) { p.recent = 1U << 25; });
  expect_bad_params("kind", [](auto& p) { p.kind = static_cast<HeadKind>(4); });
  expect_bad_params("recall", [](auto& p) { p.recall = 0; });
  expect_bad_params("recall", [](auto& p) { p.recall = not_a_number; });
  expect_bad_params("links_k", [](auto& p) { p.links_k = 0; });
  expect_bad_params("link_queries", [](auto& p) { p.link_queries = 0; });
  expect_bad_params("clusters", [](auto& p) { p.clusters = 65537; });
  expect_bad_params("capacity", [](auto& p) { p.capacity = 0; });
  expect_bad_params("max_degree", [](auto& p) { p.graph.max_degree = 1; });
  expect_bad_params("seal_after", [](auto& p) { p.seal_after = 1U << 25; });
}

TEST(ContextParams, BudgetsAreChecked) {
  expect_bad_params("Budget::k", [](auto& p) { p.budget.k = 0; });
  expect_bad_params("Budget::k", [](auto& p) { p.budget.k = (1U << 20) + 1; });
  for (const double epsilon : {0.0, 1.0, -0.5, 2.0, not_a_number}) {
    expect_bad_params("epsilon", [&](auto& p) { p.budget.epsilon = epsilon; });
  }
  expect_bad_params("most_k", [](auto& p) {
    p.budget.epsilon = 0.5;
    p.budget.most_k = 99;
  });
}

}  // namespace
}  // namespace rattan::test
