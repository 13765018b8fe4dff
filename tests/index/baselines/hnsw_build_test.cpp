#include "index/baselines/hnsw_build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Links that no search would want, but whose every piece is told apart: key 4 stands on levels 0 to 2, keys 1 and 2 on
// 0 and 1, the others on 0. On level 0 each key leads to the next, above it to key 4.
class Known final : public detail::HnswLinks {
 public:
  KeyId entry() const override { return 4; }
  std::uint32_t level(KeyId key) const override { return key == 4 ? 2 : key == 1 || key == 2 ? 1 : 0; }
  void links(KeyId key, std::uint32_t level, std::vector<KeyId>& into) const override {
    if (level == 0) into.push_back((key + 1) % 5);
    if (level == 1 && key != 4) into.push_back(4);
  }
};

std::unique_ptr<detail::HnswLinks> insert_known(std::span<const KeyId> order, const detail::KeyDistance&,
                                                const HnswBuildParams& params) {
  if (order.size() != 5) throw Error(ErrorCode::no_memory, "no five keys");
  EXPECT_EQ(std::vector<KeyId>(order.begin(), order.end()), insertion_order(5, params.seed));
  return std::make_unique<Known>();
}

TEST(HnswBuild, LayersAreCopiesOfTheLinks) {
  HnswBuildParams params;
  params.max_degree = 3;
  params.seed = 9;
  const HnswLayers layers = build_hnsw_layers(test::random_matrix(5, 4, 1).view, Metric::l2, params, insert_known);
  EXPECT_EQ(layers.max_degree, 3U);
  EXPECT_EQ(layers.build_beam, params.build_beam);
  EXPECT_EQ(layers.seed, 9U);
  EXPECT_EQ(layers.entry, 4U);
  EXPECT_EQ(layers.level0.keys(), 5U);
  EXPECT_EQ(layers.level0.stride(), 6U);
  for (KeyId key = 0; key < 5; ++key) {
    ASSERT_EQ(layers.level0.neighbors(key).size(), 1U);
    EXPECT_EQ(layers.level0.neighbors(key)[0], (key + 1) % 5);
  }
  ASSERT_EQ(layers.upper.size(), 2U);
  EXPECT_EQ(layers.upper[0].nodes, (std::vector<KeyId>{1, 2, 4}));
  EXPECT_EQ(layers.upper[0].offsets, (std::vector<std::uint32_t>{0, 1, 2, 2}));
  EXPECT_EQ(layers.upper[0].ids, (std::vector<KeyId>{4, 4}));
  EXPECT_EQ(layers.upper[1].nodes, std::vector<KeyId>{4});
  EXPECT_TRUE(layers.upper[1].ids.empty());
}

TEST(HnswBuild, WithoutKeysNothingIsInserted) {
  const HnswLayers layers =
      build_hnsw_layers(test::random_matrix(0, 4, 1).view, Metric::l2, HnswBuildParams{}, insert_known);
  EXPECT_EQ(layers.entry, no_key);
  EXPECT_TRUE(layers.upper.empty());
}

TEST(HnswBuild, WhatTheInsertionThrowsPassesThrough) {
  test::expect_error(ErrorCode::no_memory, "no five keys", [] {
    build_hnsw_layers(test::random_matrix(4, 4, 1).view, Metric::l2, HnswBuildParams{}, insert_known);
  });
}

TEST(HnswBuild, TheInsertionOrderIsAPermutationDrawnFromTheSeed) {
  std::vector<KeyId> sorted = insertion_order(1000, 5);
  EXPECT_EQ(sorted, insertion_order(1000, 5));
  EXPECT_NE(sorted, insertion_order(1000, 6));
  std::sort(sorted.begin(), sorted.end());
  std::vector<KeyId> expected(1000);
  std::iota(expected.begin(), expected.end(), KeyId{0});
  EXPECT_EQ(sorted, expected);
  EXPECT_TRUE(insertion_order(0, 1).empty());
}

}  // namespace
}  // namespace rattan
