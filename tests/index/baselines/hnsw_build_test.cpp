#include "index/baselines/hnsw_build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::random_matrix;

class HnswBuild : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_hnswlib) GTEST_SKIP() << "this build has no hnswlib";
    params_.max_degree = 6;
    params_.build_beam = 40;
    params_.executor = &serial_executor();
  }

  HnswBuildParams params_;
};

void expect_sound(const HnswLayers& layers, std::size_t rows, std::uint32_t max_degree) {
  ASSERT_EQ(layers.level0.keys(), rows);
  for (std::size_t key = 0; key < rows; ++key) {
    const auto ids = layers.level0.neighbors(static_cast<KeyId>(key));
    EXPECT_LE(ids.size(), 2 * max_degree);
    for (const KeyId id : ids) {
      EXPECT_LT(id, rows);
      EXPECT_NE(id, key);
    }
  }
  const HnswLayer* below = nullptr;
  for (const HnswLayer& layer : layers.upper) {
    EXPECT_TRUE(std::is_sorted(layer.nodes.begin(), layer.nodes.end()));
    for (const KeyId node : layer.nodes) {
      EXPECT_LE(layer.neighbors(node).size(), max_degree);
      EXPECT_TRUE(below == nullptr || below->contains(node));
    }
    for (const KeyId id : layer.ids) EXPECT_TRUE(layer.contains(id));
    below = &layer;
  }
  EXPECT_TRUE(below == nullptr || below->contains(layers.entry));
}

TEST_F(HnswBuild, LayersAreSound) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = random_matrix(700, 10, 1, dtype);
    const HnswLayers layers = build_hnsw_layers(keys.view, Metric::l2, params_);
    expect_sound(layers, 700, 6);
    EXPECT_FALSE(layers.upper.empty());
    EXPECT_TRUE(layers.level0.entry_points.empty());
  }
}

TEST_F(HnswBuild, OneWorkerIsDeterministic) {
  const SharedMatrix keys = random_matrix(400, 10, 1, DType::f16);
  const HnswLayers once = build_hnsw_layers(keys.view, Metric::inner_product, params_);
  const HnswLayers again = build_hnsw_layers(keys.view, Metric::inner_product, params_);
  EXPECT_EQ(once.level0, again.level0);
  EXPECT_EQ(once.entry, again.entry);
  params_.seed = 2;
  EXPECT_NE(build_hnsw_layers(keys.view, Metric::inner_product, params_).level0, once.level0);
}

TEST_F(HnswBuild, ManyWorkersBuildSoundLayersToo) {
  const SharedMatrix keys = random_matrix(700, 10, 1, DType::f16);
  const auto executor = make_openmp_executor(4);
  params_.executor = executor.get();
  expect_sound(build_hnsw_layers(keys.view, Metric::l2, params_), 700, 6);
}

// FAULTS C3, C4.
TEST_F(HnswBuild, C3_C4_FewKeys) {
  EXPECT_EQ(build_hnsw_layers(random_matrix(0, 4, 1).view, Metric::l2, params_).entry, no_key);
  const HnswLayers one = build_hnsw_layers(random_matrix(1, 4, 1).view, Metric::l2, params_);
  EXPECT_EQ(one.entry, 0U);
  EXPECT_TRUE(one.level0.neighbors(0).empty());
  const HnswLayers two = build_hnsw_layers(random_matrix(2, 4, 1).view, Metric::l2, params_);
  EXPECT_EQ(two.level0.neighbors(0)[0], 1U);
  EXPECT_EQ(two.level0.neighbors(1)[0], 0U);
}

// FAULTS D7: products that overflow to infinity or NaN must not break hnswlib's heaps.
TEST_F(HnswBuild, D7_ProductsThatOverflow) {
  std::vector<float> values;
  for (int i = 0; i < 400; ++i) values.push_back((i % 3 == 0 ? -1.0F : 1.0F) * (i % 5 == 0 ? 3e38F : 1.0F));
  const SharedMatrix keys = test::make_matrix(values, 100, 4);
  expect_sound(build_hnsw_layers(keys.view, Metric::inner_product, params_), 100, 6);
}

TEST_F(HnswBuild, TheInsertionOrderIsAPermutationDrawnFromTheSeed) {
  std::vector<KeyId> sorted = insertion_order(1000, 5);
  EXPECT_EQ(sorted, insertion_order(1000, 5));
  EXPECT_NE(sorted, insertion_order(1000, 6));
  std::sort(sorted.begin(), sorted.end());
  std::vector<KeyId> expected(1000);
  std::iota(expected.begin(), expected.end(), KeyId{0});
  EXPECT_EQ(sorted, expected);
  EXPECT_TRUE(insertion_order(0, 1).empty());
}

TEST_F(HnswBuild, AnExecutorsErrorPassesThrough) {
  class Full final : public Executor {
   public:
    unsigned workers() const noexcept override { return 1; }
    void run(std::size_t, const Task&) override { throw Error(ErrorCode::no_memory, "no worker"); }
  } executor;
  params_.executor = &executor;
  const SharedMatrix keys = random_matrix(20, 4, 1);
  test::expect_error(ErrorCode::no_memory, "no worker", [&] { build_hnsw_layers(keys.view, Metric::l2, params_); });
}

}  // namespace
}  // namespace rattan
