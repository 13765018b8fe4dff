// Contexts that outgrow their indexes: from nothing, in chunks, beside decodes, within a memory limit.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rattan/context.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr std::size_t tokens = 6000;
constexpr double rounding = 2e-5;

ContextShape one_head() {
  ContextShape shape = two_layers(DType::f32);
  shape.layers = 1;
  shape.kv_heads = 1;
  shape.query_heads = 2;
  return shape;
}

ContextParams params_of(HeadKind kind, std::uint32_t seal_after = 0) {
  ContextParams params = small_window(kind, 16384);
  params.clusters = 64;
  params.budget.k = 20;
  params.seal_after = seal_after;
  params.background_seal = false;
  return params;
}

DecodeParams asking(std::uint32_t k, bool estimate = true) {
  DecodeParams params;
  params.budget = Budget{};
  params.budget->k = k;
  params.budget->estimate_unread = estimate;
  return params;
}

class ContextPromotion : public testing::Test {
 protected:
  static const SyntheticText& text() {
    static const SyntheticText all(one_head(), tokens);
    return all;
  }
  // All tokens are there, once each.
  static void expect_whole(const Context& context, std::size_t count) {
    ASSERT_EQ(context.tokens(0), count);
    const Attended found = text().decode(context, 0, 17, asking(100000));
    EXPECT_LE(output_error(found, text().full(0, 17, count)), rounding);
    const Attended few = text().decode(context, 0, 17);
    EXPECT_LE(lse_error(few, text().full(0, 17, count)), 0.05);
  }
  // Of the softmax weight of the 20 best keys and the window, the share that decoding finds; mean over some queries.
  static double found_share(const Context& context, std::size_t count) {
    double sum = 0;
    for (std::size_t asked = 0; asked < 40; ++asked) {
      const Attended best = text().best(0, asked * 140, count, 8, 32, 20);
      const Attended found = text().decode(context, 0, asked * 140, asking(20, false));
      for (std::size_t h = 0; h < 2; ++h) sum += std::exp(static_cast<double>(found.lse[h] - best.lse[h]));
    }
    return sum / 80;
  }
  static HeadReport head(const Context& context) { return context.report().front(); }
};

TEST_F(ContextPromotion, AContextThatGrowsFromNothingGetsAnIndex) {
  for (const HeadKind kind : {HeadKind::automatic, HeadKind::scan4, HeadKind::graph}) {
    Context context(text().shape(), params_of(kind, 1024));
    text().build(context, 0);
    for (std::size_t t = 0; t < tokens; t += 40) text().append(context, t, 40);
    const HeadReport report = head(context);
    EXPECT_EQ(report.kind == "graph", kind == HeadKind::graph) << report.reason;
    EXPECT_GE(report.base_tokens, 4096U);
    EXPECT_EQ(8 + report.base_tokens + report.sealed_tokens + report.unsealed_tokens, tokens);
    expect_whole(context, tokens);
  }
}

TEST_F(ContextPromotion, PromptsInChunksAreSearchedAsPromptsAtOnce) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    Context whole(text().shape(), params_of(kind));
    text().build(whole, tokens);
    for (const std::size_t first : {std::size_t{0}, tokens / 30, tokens / 2}) {
      Context chunks(text().shape(), params_of(kind));
      text().build(chunks, first);
      for (std::size_t t = first; t < tokens; t += tokens / 30) text().append(chunks, t, tokens / 30);
      chunks.rebuild(0);
      EXPECT_EQ(head(chunks).kind, head(whole).kind);
      EXPECT_EQ(head(chunks).base_tokens, tokens - 40);
      EXPECT_EQ(head(chunks).unsealed_tokens, 32U);
      EXPECT_GE(found_share(chunks, tokens), found_share(whole, tokens) - 0.01) << first;
      expect_whole(chunks, tokens);
    }
  }
}

TEST_F(ContextPromotion, SealedHeadsArePromotedWhenTheyHaveGrownByAQuarter) {
  Context context(text().shape(), params_of(HeadKind::graph));
  text().build(context, 3000);
  text().append(context, 3000, 1100);
  context.seal(0);
  EXPECT_EQ(head(context).base_tokens, 2960U);  // not enough for an index
  EXPECT_EQ(head(context).sealed_tokens, 1100U);
  text().append(context, 4100, 400);
  context.seal(0);
  EXPECT_EQ(head(context).base_tokens, 4460U);
  EXPECT_EQ(head(context).sealed_tokens, 0U);
  text().append(context, 4500, 1100);
  context.seal(0);
  EXPECT_EQ(head(context).base_tokens, 4460U);  // not by a quarter
  EXPECT_EQ(head(context).sealed_tokens, 1100U);
  context.rebuild(0);
  EXPECT_EQ(head(context).base_tokens, 5560U);
  text().append(context, 5600, 300);
  context.seal(0);
  EXPECT_EQ(head(context).sealed_tokens, 300U);
  expect_whole(context, 5900);
}

TEST_F(ContextPromotion, FlatHeadsThatWereAskedForStayFlat) {
  Context context(text().shape(), params_of(HeadKind::flat, 256));
  text().build(context, 0);
  text().append(context, 0, tokens);
  context.rebuild(0);
  EXPECT_EQ(head(context).kind, "flat");
  EXPECT_EQ(context.memory().total(), tokens * 96);
}

TEST_F(ContextPromotion, WithoutKeptQueriesAGraphIsLeftAsItIs) {
  ContextParams params = params_of(HeadKind::graph);
  params.kept_queries = 0;
  Context context(text().shape(), params);
  text().build(context, 2000);
  text().append(context, 2000, 4000);
  context.seal(0);
  EXPECT_EQ(head(context).kind, "graph");
  EXPECT_EQ(head(context).base_tokens, 1960U);
  EXPECT_EQ(head(context).sealed_tokens, 4000U);
  EXPECT_NE(head(context).reason.find("no queries were kept"), std::string::npos) << head(context).reason;
  expect_whole(context, tokens);
}

// Around the window, inside a segment, inside a promoted base, inside the prefill, in the sinks.
TEST_F(ContextPromotion, TruncationAndGrowthAreAnotherHistory) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    for (const std::size_t kept : {5999U, 5970U, 5800U, 5520U, 5490U, 5000U, 2000U, 1990U, 1000U, 20U, 5U, 0U}) {
      Context context(text().shape(), params_of(kind));
      text().build(context, 2000);
      text().append(context, 2000, 3500);
      context.seal(0);
      EXPECT_EQ(head(context).base_tokens, 5460U);
      text().append(context, 5500, 500);
      context.seal(0);
      context.truncate(kept);
      if (kept > 17) {
        expect_whole(context, kept);
      }
      text().append(context, kept, tokens - kept);
      expect_whole(context, tokens);
      context.seal(0);
      expect_whole(context, tokens);
      EXPECT_GE(head(context).base_tokens, 5460U) << kept;
      EXPECT_LE(head(context).unsealed_tokens, 32U + 31U) << kept;
    }
  }
}

TEST_F(ContextPromotion, ForksBeforeAndAfter) {
  Context context(text().shape(), params_of(HeadKind::graph));
  text().build(context, 1000);
  text().append(context, 1000, 3000);
  Context before = context.fork();
  text().append(context, 4000, 1000);
  context.seal(0);
  EXPECT_EQ(head(context).base_tokens, 4960U);
  Context after = context.fork();
  EXPECT_EQ(head(after).base_tokens, 4960U);
  EXPECT_EQ(text().decode(after, 0, 3).output, text().decode(context, 0, 3).output);
  expect_whole(before, 4000);
  text().append(before, 4000, 1500);
  before.seal(0);
  EXPECT_EQ(head(before).base_tokens, 5460U);
  expect_whole(before, 5500);
  expect_whole(context, 5000);
  context.truncate(3000);
  text().append(after, 5000, 1000);
  after.seal(0);
  EXPECT_EQ(head(after).sealed_tokens, 1000U);
  expect_whole(after, tokens);
  text().append(context, 3000, 2000);
  expect_whole(context, 5000);
}

// Decodes that began before, during and after promotions: each finds every token that it knows of.
TEST_F(ContextPromotion, InTheBackgroundBesideDecodes) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    ContextParams params = params_of(kind, 512);
    params.background_seal = true;
    Context context(text().shape(), params);
    text().build(context, 0);
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int r = 0; r < 3; ++r) {
      readers.emplace_back([&] {
        while (!done) {
          const std::size_t before = context.tokens(0);
          const Attended found = text().decode(context, 0, 5, asking(100000));
          const std::size_t after = context.tokens(0);
          bool right = before == 0;
          for (std::size_t n = before; n <= after && !right; ++n) {
            right = n % 50 == 0 && output_error(found, text().full(0, 5, n)) <= rounding;
          }
          if (!right) ++wrong;
          text().decode(context, 0, 7);
        }
      });
    }
    for (std::size_t t = 0; t < tokens; t += 50) {
      text().append(context, t, 50);
      std::this_thread::yield();
    }
    while (head(context).base_tokens < 4096) {
      context.seal(0);
      std::this_thread::yield();
    }
    done = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
    expect_whole(context, tokens);
  }
}

TEST_F(ContextPromotion, EndsEarlyWhereNobodyWantsItAnyMore) {
  for (int i = 0; i < 3; ++i) {
    ContextParams params = params_of(HeadKind::graph, 512);
    params.background_seal = true;
    Context context(text().shape(), params);
    text().build(context, 0);
    text().append(context, 0, tokens);
    if (i == 1) {
      context.truncate(4000);
      expect_whole(context, 4000);
    }
    if (i == 2) context.invalidate();
  }
}

TEST_F(ContextPromotion, TheSameForAnyNumberOfThreads) {
  std::vector<Attended> found;
  for (const unsigned threads : {1U, 3U}) {
    const auto executor = make_openmp_executor(threads);
    ContextParams params = params_of(HeadKind::graph);
    params.executor = executor.get();
    Context context(text().shape(), params);
    text().build(context, 500);
    text().append(context, 500, 5000);
    context.seal(0);
    EXPECT_EQ(head(context).base_tokens, 5460U);
    found.push_back(text().decode(context, 0, 3));
  }
  EXPECT_EQ(found[0].output, found[1].output);
  EXPECT_EQ(found[0].lse, found[1].lse);
}

TEST_F(ContextPromotion, StaysWithinTheMemoryLimitOrAsItIs) {
  constexpr std::size_t token = 96;
  const auto grown = [&](HeadKind kind, std::size_t limit) {
    ContextParams params = params_of(kind);
    params.memory_limit = limit;
    Context context(text().shape(), params);
    text().build(context, 1000);
    text().append(context, 1000, 5000);
    context.rebuild(0);
    EXPECT_LE(context.memory().total(), limit);
    expect_whole(context, tokens);
    return head(context);
  };
  const std::size_t keys = 5040 * token;
  const HeadReport whole = grown(HeadKind::graph, 1U << 30);
  EXPECT_EQ(whole.base_tokens, 5960U);
  const std::size_t held = whole.memory.total();
  const HeadReport few_clusters = grown(HeadKind::graph, held - 10000);
  EXPECT_EQ(few_clusters.kind, "graph");
  EXPECT_EQ(few_clusters.base_tokens, 5960U);
  // Less than any index takes: the segments of the prefill's index do not fit either.
  ContextParams params = params_of(HeadKind::scan4);
  params.memory_limit = keys + 60000;
  Context context(text().shape(), params);
  text().build(context, 1000);
  text().append(context, 1000, 5000);
  expect_error(ErrorCode::no_memory, "memory_limit", [&] { context.seal(0); });
  EXPECT_EQ(head(context).base_tokens, 960U);
  EXPECT_NE(head(context).reason.find("not built anew"), std::string::npos) << head(context).reason;
  expect_whole(context, tokens);
}

class Refusing final : public Executor {
 public:
  bool refuses = false;
  unsigned workers() const noexcept override { return 1; }
  void run(std::size_t tasks, const Task& task) override {
    if (refuses) throw std::runtime_error("refused");
    serial_executor().run(tasks, task);
  }
};

TEST_F(ContextPromotion, AFailedOneLeavesAllAsItWas) {
  Refusing executor;
  ContextParams params = params_of(HeadKind::graph);
  params.executor = &executor;
  Context context(text().shape(), params);
  text().build(context, 1000);
  text().append(context, 1000, 5000);
  const Attended before = text().decode(context, 0, 3);
  const MemoryUse held = context.memory();
  executor.refuses = true;
  EXPECT_THROW(context.seal(0), std::runtime_error);
  executor.refuses = false;
  EXPECT_EQ(head(context).base_tokens, 960U);
  EXPECT_EQ(context.memory().parts, held.parts);
  EXPECT_EQ(text().decode(context, 0, 3).output, before.output);
  context.seal(0);
  EXPECT_EQ(head(context).base_tokens, 5960U);
  expect_whole(context, tokens);
}

}  // namespace
}  // namespace rattan::test
