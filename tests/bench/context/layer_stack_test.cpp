#include "bench/context/layer_stack.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "bench/inputs/usage_error.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

std::vector<HeadSource> sources(std::size_t heads) {
  std::vector<HeadSource> made;
  for (std::size_t i = 0; i < heads; ++i) {
    made.push_back({"made", 0, static_cast<int>(i), [] { return test::small_group(100, 6, 2); }});
  }
  return made;
}

TEST(LayerStack, LayersBeyondTheDataAreCopiesElsewhere) {
  const LayerStack stack(sources(5), {.kv_heads = 2, .depth = 5});
  EXPECT_EQ(stack.originals(), 2U);
  ASSERT_EQ(stack.layers().size(), 5U);
  EXPECT_EQ(stack.query_heads(), 4U);
  EXPECT_EQ(stack.tokens(), 100U);  // the prefill alone
  for (const std::size_t at : {std::size_t{2}, std::size_t{3}, std::size_t{4}}) {
    const StackLayer& copy = stack.layers()[at];
    EXPECT_EQ(copy.original, at % 2);
    for (std::size_t h = 0; h < 2; ++h) {
      const MatrixView& from = stack.layers()[copy.original].keys[h].view;
      EXPECT_NE(copy.keys[h].view.data, from.data);
      EXPECT_EQ(std::memcmp(copy.keys[h].view.row(99), from.row(99), from.row_bytes()), 0);
      EXPECT_NE(copy.values[h].view.data, stack.layers()[copy.original].values[h].view.data);
    }
  }
}

TEST(LayerStack, FewerLayersWhereMemoryIsShort) {
  const std::uint64_t layer = std::uint64_t{2} * 100 * 2 * 16 * sizeof(float);
  const LayerStack stack(sources(2), {.kv_heads = 2, .depth = 32, .bytes = 3 * layer + 1});
  EXPECT_EQ(stack.layers().size(), 3U);
  EXPECT_EQ(stack.bytes(), 3 * layer);
  EXPECT_EQ(LayerStack(sources(2), {.kv_heads = 2, .depth = 32, .bytes = 1}).layers().size(), 1U);
}

TEST(LayerStack, StepsStartOver) {
  const LayerStack stack(sources(2), {.kv_heads = 2, .depth = 2});
  EXPECT_EQ(stack.steps(), 6U);
  EXPECT_EQ(stack.step(1, 8).data, stack.step(0, 2).data);
  EXPECT_EQ(stack.step(0, 1).rows, 4U);
}

TEST(LayerStack, LayersOfTheDataCountAsWell) {
  const std::uint64_t layer = std::uint64_t{2} * 100 * 2 * 16 * sizeof(float);
  const LayerStack stack(sources(6), {.kv_heads = 2, .depth = 32, .bytes = 2 * layer});
  EXPECT_EQ(stack.originals(), 2U);
  EXPECT_EQ(stack.layers().size(), 2U);
}

TEST(LayerStack, HeadsOfOtherShapesAreNamed) {
  const auto refuses = [](const char* part, const std::function<datasets::KvGroup()>& other) {
    std::vector<HeadSource> heads = sources(2);
    heads[1].load = other;
    test::expect_error(ErrorCode::invalid_argument, part, [&] { LayerStack(heads, {.kv_heads = 2}); });
  };
  refuses("90 prefill tokens, allowed is 100", [] { return test::small_group(90, 6, 2); });
  refuses("3 query heads", [] { return test::small_group(100, 6, 3); });
  refuses("12 key columns", [] { return test::small_group(100, 6, 2, 12); });
  refuses("prefill is 0", [] {
    datasets::KvGroup group = test::small_group(100, 6, 2);
    group.prefill = 0;
    return group;
  });
}

TEST(LayerStack, TooFewHeadsAndMissingValuesAreNamed) {
  EXPECT_THROW(LayerStack(sources(1), {.kv_heads = 2}), UsageError);
  std::vector<HeadSource> heads = sources(2);
  heads[1].load = [] {
    datasets::KvGroup group = test::small_group(100, 6, 2);
    group.values = {};
    return group;
  };
  test::expect_error(ErrorCode::invalid_argument, "values", [&] { LayerStack(heads, {.kv_heads = 2}); });
}

}  // namespace
}  // namespace rattan::bench
