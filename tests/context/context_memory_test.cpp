// Context under a memory limit, and what it says it holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/check.h"
#include "rattan/context.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

constexpr std::size_t prefill = 400;
constexpr std::size_t token = 96;     // bytes of a key and a value
constexpr std::size_t all_heads = 4;  // two layers of two

ContextParams params_of(HeadKind kind, std::size_t limit = 0) {
  ContextParams params = small_window(kind, 2048);
  params.budget.k = 20;
  params.seal_after = 0;
  params.memory_limit = limit;
  return params;
}

std::map<std::string, std::uint64_t> parts_of(const std::vector<HeadReport>& report) {
  std::map<std::string, std::uint64_t> parts;
  for (const HeadReport& head : report) {
    for (const auto& [name, bytes] : head.memory.parts) parts[name] += bytes;
  }
  return parts;
}

class ContextMemory : public testing::Test {
 protected:
  // What each head holds of the built prefix.
  std::size_t built_bytes(HeadKind kind) const {
    Context context(text.shape(), params_of(kind));
    text.build(context, prefill);
    return largest_head(context);
  }
  static std::size_t largest_head(const Context& context) {
    std::size_t most = 0;
    for (const HeadReport& head : context.report()) most = std::max<std::size_t>(most, head.memory.total());
    return most;
  }
  void expect_whole(const Context& context, std::size_t tokens) const {
    DecodeParams everything;
    everything.budget = Budget{};
    everything.budget->k = 100000;
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      EXPECT_EQ(context.tokens(layer), tokens);
      const Attended found = text.decode(context, layer, tokens - 1, everything);
      EXPECT_LE(output_error(found, text.full(layer, tokens - 1, tokens)), 2e-5);
    }
  }
  // Appends tokens from `begin` on, one at a time, until one is refused; how many there are then.
  std::size_t fill(
      Context& context, std::size_t begin, const std::function<void()>& look = [] {}) const {
    for (std::size_t t = begin; t < 2000; ++t) {
      try {
        text.append(context, t, 1);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::no_memory) << error.what();
        return t;
      }
      look();
    }
    return 2000;
  }

  SyntheticText text{two_layers(DType::f32), 2000};
};

TEST_F(ContextMemory, IsTheSumOfTheReports) {
  Context context(text.shape(), params_of(HeadKind::graph));
  EXPECT_EQ(context.memory().total(), 0U);
  text.build(context, prefill);
  text.append(context, prefill, 100);
  context.seal(0);
  const MemoryUse use = context.memory();
  const auto parts = parts_of(context.report());
  EXPECT_EQ((std::map<std::string, std::uint64_t>(use.parts.begin(), use.parts.end())), parts);
  EXPECT_EQ(use.parts.size(), parts.size());  // every name once
  for (const char* name : {"edges", "codes", "clusters", "unsealed keys", "sealed keys", "grown values"}) {
    EXPECT_GT(parts.at(name), 0U) << name;
  }
  context.invalidate();
  EXPECT_EQ(context.memory().total(), 0U);
}

TEST_F(ContextMemory, LimitsTooSmallForTheWindowAreRefused) {
  const std::size_t least = all_heads * 32 * token;
  expect_error(ErrorCode::invalid_argument,
               message("memory_limit is ", least - 1,
                       ", allowed is 0 (no limit) or at "
                       "least ",
                       least),
               [&] { Context(text.shape(), params_of(HeadKind::flat, least - 1)); });
  Context context(text.shape(), params_of(HeadKind::flat, least));
  text.build(context, prefill);
  expect_whole(context, prefill);
  EXPECT_EQ(context.memory().total(), least);
}

TEST_F(ContextMemory, AKindThatDoesNotFitIsRefusedAndNothingIsBuilt) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    Context context(text.shape(), params_of(kind, all_heads * built_bytes(HeadKind::flat)));
    expect_error(ErrorCode::no_memory, "memory_limit", [&] { text.build(context, prefill); });
    EXPECT_TRUE(context.report().empty());
    EXPECT_EQ(context.memory().total(), 0U);
    text.build(context, 36);  // a shorter one has nothing to search
    expect_whole(context, 36);
  }
}

TEST_F(ContextMemory, ClustersGiveWayToAKindThatWasAskedFor) {
  const std::size_t limit = all_heads * (built_bytes(HeadKind::graph) - 1000);
  Context context(text.shape(), params_of(HeadKind::graph, limit));
  text.build(context, prefill);
  EXPECT_LE(context.memory().total(), limit);
  for (const HeadReport& head : context.report()) {
    EXPECT_EQ(head.kind, "graph");
    EXPECT_NE(head.reason.find("clusters instead of 16"), std::string::npos) << head.reason;
  }
  expect_whole(context, prefill);
}

TEST_F(ContextMemory, AutomaticHeadsBecomeWhatFits) {
  ContextShape shape = two_layers(DType::f16);
  shape.layers = 1;
  shape.kv_heads = 1;
  shape.query_heads = 2;
  const auto reason_of = [&](std::size_t tokens, std::size_t limit) {
    const SyntheticText longer(shape, tokens);
    ContextParams params = params_of(HeadKind::automatic, limit);
    params.capacity = tokens;
    params.budget.k = 10;
    Context context(shape, params);
    longer.build(context, tokens);
    EXPECT_LE(context.memory().total(), limit);
    return context.report().front().kind + ": " + context.report().front().reason;
  };
  // 32 bytes of codes a key; edges take twice as much, and the same codes.
  const std::string no_graph = reason_of(25000, std::size_t{25000} * 50);
  EXPECT_NE(no_graph.find("no graph, a graph of 24960 keys"), std::string::npos) << no_graph;
  EXPECT_NE(no_graph.find("scan4"), std::string::npos) << no_graph;
  const std::string flat = reason_of(5000, std::size_t{5000} * 30);
  EXPECT_EQ(flat.substr(0, 5), "flat:");
  EXPECT_NE(flat.find("attends to all keys: scan4 of 4960 keys"), std::string::npos) << flat;
}

TEST_F(ContextMemory, TokensThatDoNotFitAreInNoHead) {
  const std::size_t limit = all_heads * (built_bytes(HeadKind::scan4) + 50 * token + token - 1);
  Context context(text.shape(), params_of(HeadKind::scan4, limit));
  text.build(context, prefill);
  expect_error(ErrorCode::no_memory, message("memory_limit is ", limit), [&] { text.append(context, prefill, 51); });
  expect_whole(context, prefill);
  text.append(context, prefill, 20);
  EXPECT_EQ(fill(context, prefill + 20), prefill + 50);
  expect_whole(context, prefill + 50);
  EXPECT_LE(context.memory().total(), limit);
  context.truncate(prefill + 10);
  EXPECT_EQ(fill(context, prefill + 10), prefill + 50);
}

TEST_F(ContextMemory, AnExplicitSealIsRefusedAndChangesNothing) {
  const std::size_t limit = all_heads * (built_bytes(HeadKind::graph) + 300 * token);
  Context context(text.shape(), params_of(HeadKind::graph, limit));
  text.build(context, prefill);
  text.append(context, prefill, 290);
  const MemoryUse before = context.memory();
  expect_error(ErrorCode::no_memory, message("memory_limit is ", limit), [&] { context.seal(0); });
  EXPECT_EQ(context.memory().parts, before.parts);
  EXPECT_EQ(context.report().front().sealed_tokens, 0U);
  expect_whole(context, prefill + 290);
  context.truncate(prefill + 50);
  context.seal(0);
  EXPECT_EQ(context.report().front().sealed_tokens, 50U);
  EXPECT_LE(context.memory().total(), limit);
}

TEST_F(ContextMemory, AutomaticSealsThatDoNotFitAreLeftOut) {
  for (const bool background : {false, true}) {
    // Room for 64 tokens is asked of the build; there is no more than for 80, and a segment of 32 takes more than 16.
    ContextParams params = params_of(HeadKind::graph, all_heads * (built_bytes(HeadKind::graph) + 80 * token));
    params.seal_after = 64;
    params.background_seal = background;
    Context context(text.shape(), params);
    text.build(context, prefill);
    const std::size_t tokens =
        fill(context, prefill, [&] { ASSERT_LE(context.memory().total(), params.memory_limit); });
    EXPECT_EQ(tokens, prefill + 80);
    expect_whole(context, tokens);
    for (const HeadReport& head : context.report()) EXPECT_EQ(head.sealed_tokens, 0U);
    context.truncate(prefill + 70);
    EXPECT_EQ(fill(context, prefill + 70), prefill + 80);
  }
}

TEST_F(ContextMemory, GrowthBesideSealsStaysWithinTheLimit) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    ContextParams params = params_of(kind, all_heads * (built_bytes(kind) + 900 * token));
    params.seal_after = 64;
    Context context(text.shape(), params);
    text.build(context, prefill);
    const auto sealed = [&] { return parts_of(context.report()).at("sealed keys"); };
    const std::size_t tokens = fill(context, prefill, [&] {
      ASSERT_LE(context.memory().total(), params.memory_limit);
      // Blocks still fit there: the thread that makes them may be late.
      while (context.tokens(0) == prefill + 150 && sealed() == 0) std::this_thread::yield();
    });
    EXPECT_GT(tokens, prefill + 300);
    EXPECT_GT(sealed(), 0U);
    context.truncate(tokens);  // the second layer may have one less; what runs in the background has ended
    expect_whole(context, tokens);
  }
}

TEST_F(ContextMemory, FilesThatDoNotFitAreNotOpened) {
  TempDirectory folder;
  Context saved(text.shape(), params_of(HeadKind::graph));
  text.build(saved, prefill);
  saved.save(folder.path());
  const std::size_t held = largest_head(saved);
  const auto open = [&](Context& context) {
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      context.open_layer(folder.path(), layer, text.keys(layer, prefill), text.values(layer, prefill));
    }
  };
  Context small(text.shape(), params_of(HeadKind::graph, all_heads * held - 1));
  expect_error(ErrorCode::no_memory, "layer_0000_head_0000", [&] { open(small); });
  EXPECT_TRUE(small.report().empty());
  Context large(text.shape(), params_of(HeadKind::graph, all_heads * held));
  open(large);
  expect_whole(large, prefill);
}

TEST_F(ContextMemory, AForkHasALimitOfItsOwnInWhichThePrefixCounts) {
  const std::size_t limit = all_heads * (built_bytes(HeadKind::scan4) + 50 * token);
  Context context(text.shape(), params_of(HeadKind::scan4, limit));
  text.build(context, prefill);
  Context fork = context.fork();
  EXPECT_EQ(fill(context, prefill), prefill + 50);
  EXPECT_EQ(fill(fork, prefill), prefill + 50);
  Context late = context.fork();
  EXPECT_EQ(late.memory().total(), context.memory().total());
  EXPECT_EQ(fill(late, prefill + 50), prefill + 50);
  EXPECT_EQ(fork.memory().total(), context.memory().total());
  EXPECT_LE(fork.memory().total(), limit);
}

// Four continuations of a long answer.
TEST_F(ContextMemory, ForksHoldWhatIsTheirOwn) {
  Context context(text.shape(), params_of(HeadKind::graph));
  text.build(context, prefill);
  text.append(context, prefill, 900);
  for (std::uint32_t layer = 0; layer < 2; ++layer) context.seal(layer);
  const MemoryUse before = context.memory();
  std::vector<Context> forks;
  for (int i = 0; i < 4; ++i) {
    forks.push_back(context.fork());
    text.append(forks.back(), prefill + 900, 200);
  }
  EXPECT_EQ(context.memory().parts, before.parts);
  for (const Context& fork : forks) {
    expect_whole(fork, prefill + 1100);
    std::size_t own = 0;
    for (const auto& [name, bytes] : fork.memory().parts) own += name == "shared with the origin" ? 0 : bytes;
    // And at most a chunk of 256 rows that was copied to write behind them, and recent queries.
    EXPECT_GE(own, all_heads * 200 * token);
    EXPECT_LE(own, all_heads * (200 + 256) * token + all_heads * 400 * 64);
    EXPECT_GT(fork.memory().total() - own, before.total() / 2);
  }
}

TEST_F(ContextMemory, TheCheckOfAnAppendAllocatesNothing) {
  const auto allocations = [&](std::size_t limit) {
    Context context(text.shape(), params_of(HeadKind::scan4, limit));
    text.build(context, prefill);
    const SharedMatrix keys = text.token_keys(0, prefill, 1);
    const SharedMatrix values = text.token_values(0, prefill, 1);
    const std::size_t before = all_allocations();
    for (int i = 0; i < 100; ++i) context.append(0, 1, keys.view, values.view);
    return all_allocations() - before;
  };
  EXPECT_EQ(allocations(1U << 30), allocations(0));
}

}  // namespace
}  // namespace rattan::test
