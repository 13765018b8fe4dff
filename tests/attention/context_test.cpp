#include "rattan/context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/attention/made_text.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr double rounding = 2e-5;

ContextShape small_shape(DType dtype = DType::f32, std::uint32_t group = 2) {
  ContextShape shape;
  shape.layers = 2;
  shape.kv_heads = 2;
  shape.query_heads = 2 * group;
  shape.key_dim = 24;
  shape.value_dim = 12;
  shape.dtype = dtype;
  return shape;
}

ContextParams small_params(HeadKind kind = HeadKind::flat) {
  ContextParams params;
  params.kind = kind;
  params.sinks = 8;
  params.recent = 32;
  params.clusters = 16;
  params.capacity = 4096;
  params.seal_after = 0;
  params.link_k = 16;
  params.budget.k = 20;
  return params;
}

void expect_full(const MadeText& text, const Context& context, std::size_t tokens, const DecodeParams& params = {}) {
  for (std::size_t layer = 0; layer < text.shape().layers; ++layer) {
    const Attended found = text.decode(context, layer, tokens - 1, params);
    const Attended exact = text.full(layer, tokens - 1, tokens);
    EXPECT_LE(output_error(found, exact), rounding);
    EXPECT_LE(lse_error(found, exact), rounding);
  }
}

class EveryDType : public testing::TestWithParam<DType> {};

TEST_P(EveryDType, FlatHeadsAttendToEveryKey) {
  for (const std::uint32_t group : {1U, 2U, 4U, 8U}) {
    const MadeText text(small_shape(GetParam(), group), 300);
    Context context(text.shape(), small_params());
    text.build(context, 300);
    expect_full(text, context, 300);
  }
}

// 2 of bf16 queries: kernels may round them to 8 bits.
TEST_P(EveryDType, RetrievedKeysAndWindowAreAttended) {
  const double tolerance = GetParam() == DType::bf16 ? 2e-2 : rounding;
  const MadeText text(small_shape(GetParam(), 2), 300);
  ContextParams params = small_params(HeadKind::scan4);
  params.budget.k = 100;  // all are read in full where so many are asked
  params.budget.tail_estimate = false;
  Context context(text.shape(), params);
  text.build(context, 300);
  const Attended found = text.decode(context, 0, 299);
  const Attended exact = text.best(0, 299, 300, 8, 32, 100);
  EXPECT_LE(output_error(found, exact), tolerance);
  EXPECT_LE(lse_error(found, exact), tolerance);
}

INSTANTIATE_TEST_SUITE_P(DTypes, EveryDType, testing::ValuesIn(all_dtypes),
                         [](const auto& name) { return to_string(name.param); });

TEST(Context, RowsMayBeStrided) {
  const MadeText text(small_shape(), 300, 1, 5);
  Context context(text.shape(), small_params());
  text.build(context, 300);
  expect_full(text, context, 300);
}

TEST(Context, NoKeyCountsTwiceHoweverManyAreAsked) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const MadeText text(small_shape(), 300);
    ContextParams params = small_params(kind);
    params.budget.k = 10000;
    Context context(text.shape(), params);
    text.build(context, 300);
    expect_full(text, context, 300);
  }
}

TEST(Context, AppendedTokensAreAttended) {
  const MadeText text(small_shape(), 400);
  Context context(text.shape(), small_params());
  text.build(context, 300);
  for (std::size_t t = 300; t < 310; ++t) {
    text.append(context, t, 1);
    expect_full(text, context, t + 1);
  }
  text.append(context, 310, 90);
  expect_full(text, context, 400);
  EXPECT_EQ(context.tokens(1), 400U);
}

TEST(Context, GrowthEqualsABuildOfAllTokens) {
  const MadeText text(small_shape(), 400);
  Context grown(text.shape(), small_params());
  text.build(grown, 0);
  for (std::size_t t = 0; t < 400; ++t) text.append(grown, t, 1);
  expect_full(text, grown, 400);
}

TEST(Context, ATextOfNoTokensIsEmpty) {
  const MadeText text(small_shape(), 10);
  Context context(text.shape(), small_params(HeadKind::automatic));
  text.build(context, 0);
  const Attended found = text.decode(context, 0, 0);
  EXPECT_EQ(found.output, std::vector<float>(found.output.size(), 0.0F));
  EXPECT_EQ(found.lse.front(), -std::numeric_limits<float>::infinity());
}

TEST(Context, UnreadKeysAreEstimated) {
  const MadeText text(small_shape(), 1200);
  ContextParams params = small_params(HeadKind::scan4);
  params.clusters = 64;
  Context context(text.shape(), params);
  text.build(context, 1200);
  DecodeParams left_out;
  left_out.budget = params.budget;
  left_out.budget->tail_estimate = false;
  const Attended exact = text.full(0, 1199, 1200);
  const double with = output_error(text.decode(context, 0, 1199), exact);
  const double without = output_error(text.decode(context, 0, 1199, left_out), exact);
  EXPECT_LT(with, 0.5 * without);
}

TEST(Context, SealedTokensAreAttended) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const MadeText text(small_shape(), 800);
    ContextParams params = small_params(kind);
    Context context(text.shape(), params);
    text.build(context, 400);
    text.append(context, 400, 400);
    for (std::uint32_t layer = 0; layer < 2; ++layer) context.seal(layer);
    EXPECT_LE(context.report().front().tail_tokens, 32U + 32U);
    EXPECT_GE(context.report().front().sealed_tokens, 300U);
    DecodeParams all;
    all.budget = params.budget;
    all.budget->k = 700;  // below the searched ones: these are retrieved, not attended at once
    const Attended found = text.decode(context, 0, 799, all);
    EXPECT_LE(output_error(found, text.full(0, 799, 800)), 1e-2);
  }
}

}  // namespace
}  // namespace rattan::test
