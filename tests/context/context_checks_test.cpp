#include "context/context_checks.h"

#include <gtest/gtest.h>

#include <cmath>
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

SharedMatrix with(const SharedMatrix& matrix, std::size_t row, float bad) {
  SharedMatrix copy = at_offset(matrix.view, 0);
  set_element(copy, row, 1, bad);
  return copy;
}

SharedMatrix with_nan(const SharedMatrix& matrix, std::size_t row) {
  return with(matrix, row, std::numeric_limits<float>::quiet_NaN());
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
  // Defect: elements were read before the type was compared, past the end of rows of a shorter type.
  expect_bad("keys.dtype", 3, with_nan(random_matrix(6, 16, 1, DType::f16), 0), values);
  expect_bad("values.dtype", 3, keys, with_nan(random_matrix(6, 8, 1, DType::f16), 0));
  expect_bad("tokens", 29, random_matrix(58, 16, 1), random_matrix(58, 8, 1));
}

// Defect: scores overflowed, and decode wrote an output of 0 and an lse of -infinity or NaN.
TEST_F(ContextChecks, NumbersWhoseLogitsMayBeBeyondFp32AreRefused) {
  const float least = 0x1p24F;
  for (const float bad : {least, -1e30F, 3e38F}) {
    const char* const why = "row 99, column 1 is 2^24 or more";
    expect_bad_build(why, [bad](Arguments& a) { a.keys[1] = with(a.keys[1], 99, bad); });
    expect_bad_build(why, [bad](Arguments& a) { a.values[0] = with(a.values[0], 99, bad); });
    SharedMatrix evidence;
    expect_bad_build("queries[2]: row 99", [&](Arguments& a) {
      evidence = with(a.queries[2], 99, bad);
      a.queries[2] = evidence.view;
    });
    Context context(text.shape(), few());
    text.build(context, prefill);
    const SharedMatrix keys = text.token_keys(0, 100, 3);
    const SharedMatrix values = text.token_values(0, 100, 3);
    const auto append = [&](const SharedMatrix& k, const SharedMatrix& v, const MatrixView& q) {
      return [&context, k, v, q] { context.append(0, 3, k.view, v.view, q); };
    };
    const SharedMatrix asked = random_matrix(12, 16, 1);
    expect_error(ErrorCode::invalid_argument, "keys: row 4", append(with(keys, 4, bad), values, {}));
    expect_error(ErrorCode::invalid_argument, "values: row 5", append(keys, with(values, 5, bad), {}));
    const SharedMatrix bad_asked = with(asked, 6, bad);
    expect_error(ErrorCode::invalid_argument, "queries: row 6", append(keys, values, bad_asked.view));
    const SharedMatrix bad_queries = with(text.token_queries(0, 99, 1), 3, bad);
    std::vector<float> output(32);
    expect_error(ErrorCode::invalid_argument, "queries: row 3", [&] { context.decode(0, bad_queries.view, output); });
  }
}

// The softmax of the limit, through window, search and estimate.
TEST_F(ContextChecks, TheBestKeyWinsAtTheLargestNumbersAndScale) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4}) {
    for (const std::size_t best : {2U, 50U, 97U}) {
      ContextParams params = few();
      params.kind = kind;
      params.softmax_scale = 65536;
      params.budget.k = 10;
      Context context(text.shape(), params);
      Arguments arguments = good();
      for (SharedMatrix& keys : arguments.keys) {
        keys = with(keys, best, 0x1.fp23F);
      }
      arguments.build(context);
      std::vector<float> queries(4 * 16, 1e-3F);
      for (std::size_t h = 0; h < 4; ++h) queries[h * 16 + 1] = 0x1.fp23F;
      std::vector<float> output(32);
      std::vector<float> lse(4);
      context.decode(0, make_matrix(queries, 4, 16).view, output, lse);
      for (std::size_t h = 0; h < 4; ++h) {
        EXPECT_TRUE(std::isfinite(lse[h]));
        for (std::size_t c = 0; c < 8; ++c) {
          EXPECT_NEAR(output[h * 8 + c], element(arguments.values[h / 2].view, best, c), 1e-6) << best;
        }
      }
    }
  }
}

TEST_F(ContextChecks, TheLayerIsNamedToo) {
  expect_bad_build("layer 1: keys[0]: row 7, column 1 is NaN", [](Arguments& a) {
    a.layer = 1;
    a.keys[0] = with_nan(a.keys[0], 7);
  });
  Context context(text.shape(), few());
  text.build(context, prefill);
  const SharedMatrix keys = with_nan(text.token_keys(1, 100, 3), 5);
  const SharedMatrix values = text.token_values(1, 100, 3);
  expect_error(ErrorCode::invalid_argument, "layer 1: keys: row 5, column 1",
               [&] { context.append(1, 3, keys.view, values.view); });
}

TEST_F(ContextChecks, AFolderWithoutANameIsRefused) {  // defect: a context without layers was saved to nowhere
  Context context(text.shape(), few());
  expect_error(ErrorCode::invalid_argument, "folder is \"\"", [&] { context.save(""); });
  const Arguments arguments = good();
  expect_error(ErrorCode::invalid_argument, "folder is \"\"",
               [&] { context.open_layer("", 0, arguments.keys, arguments.values); });
}

// Defect: an append to one of the layers that was left out changed its answers without a word.
TEST_F(ContextChecks, AForgottenAppendIsAnErrorInCheckedModeAndReportedInAny) {
  for (const bool checked : {false, true}) {
    ContextParams params = few();
    params.check_layers = checked;
    Context context(text.shape(), params);
    text.build(context, prefill);
    const auto append_to = [&](std::uint32_t layer, std::size_t token) {
      context.append(layer, 1, text.token_keys(layer, token, 1).view, text.token_values(layer, token, 1).view);
    };
    for (std::size_t token = prefill; token < prefill + 3; ++token) {
      for (const std::uint32_t layer : {0U, 1U}) {
        append_to(layer, token);
        text.decode(context, layer, token);
      }
    }
    for (const HeadReport& head : context.report()) EXPECT_EQ(head.tokens_behind, 0U);
    append_to(0, 103);
    text.decode(context, 0, 103);
    if (checked) {
      expect_error(ErrorCode::invalid_argument, "layer 1 has 103 tokens, allowed are the 104 of layer 0",
                   [&] { text.decode(context, 1, 103); });
    } else {
      text.decode(context, 1, 103);
    }
    for (const HeadReport& head : context.report()) EXPECT_EQ(head.tokens_behind, head.layer == 1 ? 1U : 0U);
    append_to(1, 103);
    text.decode(context, 1, 103);
    context.truncate(101);
    text.decode(context, 1, 100);
    text.decode(context.fork(), 0, 99);
  }
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
