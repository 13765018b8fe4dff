// Several tokens in one decode, a limit of what is seen, a cap of logits and sinks without values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "context/head_kind.h"
#include "rattan/context.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr std::size_t prefill = 700;
constexpr std::size_t tokens = 1000;

ContextParams params_of(HeadKind kind) {
  ContextParams params = small_window(kind, 2048);
  params.seal_after = 0;
  params.budget.k = 20;
  return params;
}

// A prefill, a sealed segment and unsealed tokens.
Context grown(const SyntheticText& text, const ContextParams& params) {
  Context context(text.shape(), params);
  text.build(context, prefill);
  text.append(context, prefill, 200);
  for (std::uint32_t layer = 0; layer < text.shape().layers; ++layer) context.seal(layer);
  text.append(context, prefill + 200, tokens - prefill - 200);
  return context;
}

Attended decode(const Context& context, std::uint32_t layer, MatrixView queries, const DecodeParams& params) {
  Attended found;
  found.output.resize(queries.rows * context.shape().value_dim);
  found.lse.resize(queries.rows);
  context.decode(layer, queries, found.output, found.lse, params);
  return found;
}

// Rows one after the other, each as if the tokens behind it were not there.
Attended one_by_one(const Context& context, std::uint32_t layer, MatrixView queries, DecodeParams params) {
  Attended all;
  const std::size_t heads = context.shape().query_heads;
  const std::size_t seen = params.visible_tokens.value_or(context.tokens(layer));
  const std::size_t rows = params.rows;
  params.rows = 1;
  for (std::size_t row = 0; row < rows; ++row) {
    params.visible_tokens = seen - (rows - 1 - row);
    const Attended one = decode(context, layer, queries.slice(row * heads, heads), params);
    all.output.insert(all.output.end(), one.output.begin(), one.output.end());
    all.lse.insert(all.lse.end(), one.lse.begin(), one.lse.end());
  }
  return all;
}

class RowsTest : public testing::TestWithParam<HeadKind> {
 protected:
  SyntheticText text{two_layers(DType::f16), tokens};
};

TEST_P(RowsTest, AreToTheBitWhatTheyAreOneAtATime) {
  const Context context = grown(text, params_of(GetParam()));
  for (const std::uint32_t rows : {1U, 2U, 7U, 40U, 150U}) {
    const SharedMatrix queries = text.token_queries(1, tokens - rows, rows);
    for (const bool budgeted : {false, true}) {
      DecodeParams params;
      params.rows = rows;
      if (budgeted) params.budget = Budget{.k = 10, .epsilon = 0.05};
      const Attended together = decode(context, 1, queries.view, params);
      const Attended apart = one_by_one(context, 1, queries.view, params);
      EXPECT_EQ(together.output, apart.output) << rows;
      EXPECT_EQ(together.lse, apart.lse) << rows;
    }
  }
}

// In a text that grew token by token, a row is what a decode gave before the next token was there.
TEST_P(RowsTest, SeeWhatIsBeforeThem) {
  const ContextParams params = params_of(GetParam());
  Context context(text.shape(), params);
  text.build(context, prefill);
  Attended before;
  for (std::size_t token = prefill; token < prefill + 9; ++token) {
    text.append(context, token, 1);
    const Attended one = text.decode(context, 0, token);
    before.output.insert(before.output.end(), one.output.begin(), one.output.end());
    before.lse.insert(before.lse.end(), one.lse.begin(), one.lse.end());
  }
  DecodeParams asked;
  asked.rows = 9;
  const Attended together = decode(context, 0, text.token_queries(0, prefill, 9).view, asked);
  EXPECT_EQ(together.output, before.output);
  EXPECT_EQ(together.lse, before.lse);
}

// Of all prefixes, also those that end within what is searched.
TEST_P(RowsTest, VisibleTokensAreAllThatIsSeen) {
  const Context context = grown(text, params_of(GetParam()));
  for (const std::size_t seen : {1U, 5U, 30U, 400U, 699U, 700U, 850U, 999U, 1000U}) {
    DecodeParams params;
    params.visible_tokens = seen;
    params.budget = Budget{};
    params.budget->k = 5000;
    const Attended found = text.decode(context, 0, seen - 1, params);
    const Attended exact = text.full(0, seen - 1, seen);
    EXPECT_LE(output_error(found, exact), 2e-5) << seen;
    EXPECT_LE(lse_error(found, exact), 2e-5) << seen;
  }
}

TEST_P(RowsTest, WindowsAreReadOnceForAllRows) {
  const Context context = grown(text, params_of(GetParam()));
  DecodeParams params;
  params.rows = 8;
  params.budget = Budget{};
  params.budget->k = 5000;
  decode(context, 0, text.token_queries(0, tokens - 8, 8).view, params);
  const DecodeStats stats = context.stats();
  EXPECT_EQ(stats.steps, 8U * text.shape().query_heads);
  EXPECT_EQ(stats.keys_scored, tokens * text.shape().kv_heads);
  EXPECT_EQ(stats.keys_visible, text.shape().query_heads * (8 * tokens - 28));
}

// Attention in float64 over all keys, under a cap, with sinks.
Attended reference(const SyntheticText& text, std::size_t seen, double cap, std::span<const float> sinks) {
  const ContextShape& shape = text.shape();
  const double scale = 1 / std::sqrt(static_cast<double>(shape.key_dim));
  const auto keys = text.keys(0, seen);
  const auto values = text.values(0, seen);
  const SharedMatrix queries = text.token_queries(0, seen - 1, 1);
  Attended result;
  for (std::size_t head = 0; head < shape.query_heads; ++head) {
    const std::size_t kv = head / text.group();
    double sum = sinks.empty() ? 0 : std::exp(static_cast<double>(sinks[head]));
    std::vector<double> output(shape.value_dim);
    for (std::size_t t = 0; t < seen; ++t) {
      double logit = scale * reference_score(queries.view, head, keys[kv].view, t);
      if (cap != 0) logit = cap * std::tanh(logit / cap);
      sum += std::exp(logit);
      for (std::size_t c = 0; c < shape.value_dim; ++c) output[c] += std::exp(logit) * element(values[kv].view, t, c);
    }
    for (const double x : output) result.output.push_back(static_cast<float>(x / sum));
    result.lse.push_back(static_cast<float>(std::log(sum)));
  }
  return result;
}

TEST_P(RowsTest, CapsAndSinksOfExactParts) {
  const std::vector<float> sinks{2.5F, -1, 5, 0.25F};
  for (const double cap : {0.0, 0.3, 2.0, 50.0}) {
    ContextParams params = params_of(GetParam());
    params.logit_cap = cap;
    params.budget.k = 5000;
    const Context context = grown(text, params);
    for (const bool with_sinks : {false, true}) {
      DecodeParams asked;
      if (with_sinks) asked.sink_logits = sinks;
      const Attended found = text.decode(context, 0, tokens - 1, asked);
      const Attended exact = reference(text, tokens, cap, asked.sink_logits);
      EXPECT_LE(output_error(found, exact), 3e-5) << cap;
      EXPECT_LE(lse_error(found, exact), 3e-5) << cap;
    }
  }
}

// What is retrieved and estimated lies about as near to full attention as it does without a cap.
TEST_P(RowsTest, CapsAndSinksOfTheEstimate) {
  if (GetParam() == HeadKind::flat) return;
  const std::vector<float> sinks{2.5F, -1, 5, 0.25F};
  const ContextParams plain = params_of(GetParam());
  const double without = output_error(text.decode(grown(text, plain), 0, tokens - 1), reference(text, tokens, 0, {}));
  for (const double cap : {1.0, 3.0, 50.0}) {
    ContextParams params = plain;
    params.logit_cap = cap;
    const Context context = grown(text, params);
    DecodeParams asked;
    const Attended found = text.decode(context, 0, tokens - 1, asked);
    EXPECT_LE(output_error(found, reference(text, tokens, cap, {})), 1.5 * without + 0.02) << cap;
    EXPECT_LE(lse_error(found, reference(text, tokens, cap, {})), 0.05) << cap;
    asked.sink_logits = sinks;
    const Attended sunk = text.decode(context, 0, tokens - 1, asked);
    EXPECT_LE(lse_error(sunk, reference(text, tokens, cap, sinks)), 0.05) << cap;
    EXPECT_LE(output_error(sunk, reference(text, tokens, cap, sinks)), 1.5 * without + 0.02) << cap;
  }
}

// A sink that holds nearly all of the softmax leaves nothing to retrieve keys for.
TEST_P(RowsTest, EpsilonIsAShareOfTheSinkToo) {
  if (GetParam() == HeadKind::flat) return;
  const Context context = grown(text, params_of(GetParam()));
  DecodeParams params;
  params.budget = Budget{.k = 4, .epsilon = 0.01};
  params.budget->estimate_unread = false;
  text.decode(context, 0, tokens - 1, params);
  const std::uint64_t without = context.stats().keys_retrieved;
  const_cast<Context&>(context).reset_stats();
  const std::vector<float> sinks(4, 30);
  params.sink_logits = sinks;
  text.decode(context, 0, tokens - 1, params);
  const std::uint64_t unsealed = tokens - (prefill + 200) + 32;  // at most; attended exactly
  EXPECT_LE(context.stats().keys_retrieved, 4 * (4 + unsealed));
  EXPECT_LT(context.stats().keys_retrieved, without);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RowsTest, testing::Values(HeadKind::flat, HeadKind::scan4, HeadKind::graph),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST(DecodeBatch, IsOneDecodeForEach) {
  const SyntheticText text(two_layers(DType::f16), tokens);
  std::vector<Context> contexts;
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    contexts.push_back(grown(text, params_of(kind)));
  }
  contexts.push_back(contexts[1].fork());
  const std::size_t outputs = text.shape().query_heads * text.shape().value_dim;
  const std::vector<float> sinks{2.5F, -1, 5, 0.25F};
  std::vector<SharedMatrix> queries;
  std::vector<Context::DecodeItem> items;
  std::vector<Attended> found(8);
  for (std::uint32_t i = 0; i < 8; ++i) {
    Context::DecodeItem item;
    item.context = &contexts[i % 4];
    item.layer = i / 4;
    item.params.rows = 1 + i % 3;
    if (i == 2) item.params.sink_logits = sinks;
    if (i == 5) item.params.visible_tokens = 690;
    const std::size_t rows = item.params.rows;
    queries.push_back(text.token_queries(item.layer, 600, rows));
    item.queries = queries.back().view;
    found[i].output.resize(rows * outputs);
    found[i].lse.resize(rows * text.shape().query_heads);
    item.output = found[i].output;
    item.lse = found[i].lse;
    items.push_back(item);
  }
  const auto executor = make_openmp_executor(3);
  for (Executor* const runs : {static_cast<Executor*>(nullptr), executor.get(), &serial_executor()}) {
    for (Attended& each : found) std::ranges::fill(each.output, -1.0F);
    Context::decode_batch(items, runs);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Attended one = decode(*items[i].context, items[i].layer, items[i].queries, items[i].params);
      EXPECT_EQ(found[i].output, one.output) << i;
      EXPECT_EQ(found[i].lse, one.lse) << i;
    }
  }
  Context::decode_batch({});
}

TEST(DecodeBatch, ErrorsSayWhichItem) {
  const SyntheticText text(two_layers(DType::f16), 300);
  Context context(text.shape(), params_of(HeadKind::flat));
  text.build(context, 300);
  const SharedMatrix queries = text.token_queries(0, 299, 1);
  std::vector<float> output(text.shape().query_heads * text.shape().value_dim, 7);
  Context::DecodeItem good{&context, 0, queries.view, output, {}, {}};
  const auto refuses = [&](const char* name, const auto& change) {
    std::vector<Context::DecodeItem> items(3, good);
    change(items[2]);
    expect_error(ErrorCode::invalid_argument, "items[2]", [&] { Context::decode_batch(items); });
    expect_error(ErrorCode::invalid_argument, name, [&] { Context::decode_batch(items); });
    EXPECT_EQ(output[0], 7) << "nothing is written";
  };
  refuses("context", [](auto& item) { item.context = nullptr; });
  refuses("layer", [](auto& item) { item.layer = 2; });
  refuses("queries", [&](auto& item) { item.queries = queries.view.slice(0, 1); });
  refuses("output", [&](auto& item) { item.output = item.output.first(3); });
  refuses("DecodeParams::rows", [](auto& item) { item.params.rows = 0; });
  refuses("DecodeParams::rows", [](auto& item) { item.params.rows = 301; });
  refuses("DecodeParams::visible_tokens", [](auto& item) { item.params.visible_tokens = 301; });
  const std::vector<float> few(3);
  refuses("DecodeParams::sink_logits", [&](auto& item) { item.params.sink_logits = few; });
  const std::vector<float> wrong{0, 0, std::nanf(""), 0};
  refuses("sink_logits[2]", [&](auto& item) { item.params.sink_logits = wrong; });
}

}  // namespace
}  // namespace rattan::test
