#include "context/context_checks.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "rattan/context.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t prefill = 100;

ContextShape shape_of_two() {
  ContextShape shape;
  shape.layers = 2;
  shape.query_heads = 4;
  shape.kv_heads = 2;
  shape.key_dim = 16;
  shape.value_dim = 8;
  shape.dtype = DType::f32;
  return shape;
}

ContextParams few() {
  ContextParams params;
  params.sinks = 4;
  params.recent = 8;
  params.capacity = 128;
  params.executor = &serial_executor();
  return params;
}

// Arguments of build_layer that a test spoils.
struct Arguments {
  std::uint32_t layer = 0;
  std::vector<SharedMatrix> keys;
  std::vector<SharedMatrix> values;
  std::vector<MatrixView> queries;
  std::vector<std::int64_t> positions;

  void build(Context& context) const { context.build_layer(layer, keys, values, queries, positions); }
};

class ContextChecks : public testing::Test {
 protected:
  Arguments good(std::size_t layer = 0) const {
    return {static_cast<std::uint32_t>(layer),
            text.keys(layer, prefill),
            text.values(layer, prefill),
            text.queries(layer, prefill),
            {}};
  }
  void expect_bad_build(const char* name, const std::function<void(Arguments&)>& spoil) const {
    Context context(text.shape(), few());
    Arguments arguments = good();
    spoil(arguments);
    expect_error(ErrorCode::invalid_argument, name, [&] { arguments.build(context); });
    good().build(context);  // nothing was left behind
  }

  SyntheticText text{shape_of_two(), 120};
};

SharedMatrix with_nan(const SharedMatrix& matrix, std::size_t row) {
  SharedMatrix copy = at_offset(matrix.view, 0);
  set_element(copy, row, 1, std::numeric_limits<float>::quiet_NaN());
  return copy;
}

TEST_F(ContextChecks, PrefillsThatDoNotFitAreRefused) {
  expect_bad_build("layer", [](Arguments& a) { a.layer = 2; });
  expect_bad_build("keys.size()", [](Arguments& a) { a.keys.pop_back(); });
  expect_bad_build("values.size()", [](Arguments& a) { a.values.clear(); });
  expect_bad_build("queries.size()", [](Arguments& a) { a.queries.pop_back(); });
  expect_bad_build("keys[1].rows", [](Arguments& a) { a.keys[1].view.rows = 99; });
  expect_bad_build("values[0].rows", [](Arguments& a) { a.values[0].view.rows = 99; });
  expect_bad_build("values[1].rows", [](Arguments& a) { a.values[1] = {}; });
  expect_bad_build("keys[0].cols", [](Arguments& a) { a.keys[0].view.cols = 15; });
  expect_bad_build("values[1].cols", [](Arguments& a) { a.values[1] = a.keys[1]; });
  expect_bad_build("keys[0].dtype", [](Arguments& a) { a.keys[0] = random_matrix(prefill, 16, 1, DType::f16); });
  expect_bad_build("values[0].dtype", [](Arguments& a) { a.values[0] = random_matrix(prefill, 8, 1, DType::bf16); });
  expect_bad_build("keys[1]", [](Arguments& a) { a.keys[1] = with_nan(a.keys[1], 99); });
  expect_bad_build("values[0]", [](Arguments& a) { a.values[0] = with_nan(a.values[0], 0); });
  expect_bad_build("queries[2].rows", [](Arguments& a) { a.queries[2].rows = 1; });
  expect_bad_build("queries[3].cols", [](Arguments& a) { a.queries[3].cols = 3; });
  expect_bad_build("query_positions", [](Arguments& a) { a.positions = {1, 2}; });
  expect_bad_build("query_positions[5]", [](Arguments& a) {
    a.positions.assign(prefill, 3);
    a.positions[5] = -1;
  });
  expect_bad_build("keys[0].rows", [](Arguments& a) {
    for (auto* side : {&a.keys, &a.values}) {
      for (auto& matrix : *side) matrix.view.rows = 129;
    }
  });
}

TEST_F(ContextChecks, ALayerIsBuiltOnceAndLikeTheOthers) {
  Context context(text.shape(), few());
  good(0).build(context);
  expect_error(ErrorCode::invalid_argument, "built already", [&] { good(0).build(context); });
  Arguments shorter = good(1);
  for (auto* side : {&shorter.keys, &shorter.values}) {
    for (auto& matrix : *side) matrix.view.rows = 50;
  }
  expect_error(ErrorCode::invalid_argument, "keys[0].rows", [&] { shorter.build(context); });
  good(1).build(context);
}

TEST_F(ContextChecks, WhatIsNotBuiltCannotBeUsed) {
  Context context(text.shape(), few());
  good(0).build(context);
  expect_error(ErrorCode::invalid_argument, "layer is 1", [&] { text.decode(context, 1, 0); });
  expect_error(ErrorCode::invalid_argument, "layer is 2", [&] { text.decode(context, 0, 0), context.tokens(2); });
  expect_error(ErrorCode::invalid_argument, "layer is 1", [&] { context.seal(1); });
  expect_error(ErrorCode::invalid_argument, "layer is 1", [&] { context.append(1, 0, {}, {}); });
}

TEST_F(ContextChecks, RefusedAppendsChangeNothing) {
  Context context(text.shape(), few());
  text.build(context, prefill);
  const Attended before = text.decode(context, 0, 99);
  const auto expect_bad = [&](const char* name, std::size_t tokens, const SharedMatrix& keys,
                              const SharedMatrix& values, const MatrixView& queries = {}) {
    expect_error(ErrorCode::invalid_argument, name,
                 [&] { context.append(0, tokens, keys.view, values.view, queries); });
    const Attended after = text.decode(context, 0, 99);
    EXPECT_EQ(after.output, before.output);
    EXPECT_EQ(after.lse, before.lse);
    EXPECT_EQ(context.tokens(0), prefill);
  };
  const SharedMatrix keys = text.token_keys(0, 100, 3);
  const SharedMatrix values = text.token_values(0, 100, 3);
  expect_bad("keys.rows", 2, keys, values);
  expect_bad("values.rows", 3, keys, {});
  expect_bad("keys.cols", 3, random_matrix(6, 15, 1), values);
  expect_bad("values.cols", 3, keys, random_matrix(6, 16, 1));
  expect_bad("keys.dtype", 3, random_matrix(6, 16, 1, DType::f16), values);
  expect_bad("values.dtype", 3, keys, random_matrix(6, 8, 1, DType::f16));
  expect_bad("keys", 3, with_nan(keys, 5), values);
  expect_bad("values", 3, keys, with_nan(values, 0));
  expect_bad("queries.rows", 3, keys, values, random_matrix(6, 16, 1).view);
  expect_bad("queries.cols", 3, keys, values, random_matrix(12, 8, 1).view);
  expect_bad("tokens", 29, random_matrix(58, 16, 1), random_matrix(58, 8, 1));
}

TEST_F(ContextChecks, RefusedDecodesWriteNothing) {
  Context context(text.shape(), few());
  text.build(context, prefill);
  const SharedMatrix queries = text.token_queries(0, 99, 1);
  std::vector<float> output(32, 7.0F);
  std::vector<float> lse(4, 7.0F);
  const auto expect_bad = [&](const char* name, const MatrixView& asked, std::span<float> out, std::span<float> out_lse,
                              const DecodeParams& params = {}) {
    expect_error(ErrorCode::invalid_argument, name, [&] { context.decode(0, asked, out, out_lse, params); });
    EXPECT_EQ(output, std::vector<float>(32, 7.0F));
    EXPECT_EQ(lse, std::vector<float>(4, 7.0F));
  };
  expect_bad("queries.rows", queries.view.slice(0, 2), output, lse);
  expect_bad("queries.cols", random_matrix(4, 8, 1).view, output, lse);
  expect_bad("queries", with_nan(queries, 3).view, output, lse);
  expect_bad("queries", MatrixView(nullptr, DType::f32, 4, 16), output, lse);
  expect_bad("output.size()", queries.view, std::span(output).first(31), lse);
  expect_bad("lse.size()", queries.view, output, std::span(lse).first(3));
  DecodeParams params;
  params.slice = 2;
  params.slices = 2;
  expect_bad("slice", queries.view, output, lse, params);
  params = {};
  params.budget = Budget{};
  params.budget->epsilon = 1.0;
  expect_bad("epsilon", queries.view, output, lse, params);
  params.budget->epsilon.reset();
  params.budget->k = 0;
  expect_bad("Budget::k", queries.view, output, lse, params);
}

}  // namespace
}  // namespace rattan::test
