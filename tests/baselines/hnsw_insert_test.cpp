#include "baselines/hnsw_insert.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/baselines/hnsw_build.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::random_matrix;

class HnswInsert : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_hnswlib) GTEST_SKIP() << "this build has no hnswlib";
    params_.max_degree = 6;
    params_.build_beam = 40;
    params_.executor = &serial_executor();
  }

  HnswLayers layers_of(const MatrixView& keys, Metric metric) const {
    return build_hnsw_layers(keys, metric, params_, insert_keys);
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

TEST_F(HnswInsert, LayersAreSound) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = random_matrix(700, 10, 1, dtype);
    const HnswLayers layers = layers_of(keys.view, Metric::l2);
    expect_sound(layers, 700, 6);
    EXPECT_FALSE(layers.upper.empty());
    EXPECT_TRUE(layers.level0.entry_points.empty());
  }
}

TEST_F(HnswInsert, OneWorkerIsDeterministic) {
  const SharedMatrix keys = random_matrix(400, 10, 1, DType::f16);
  const HnswLayers once = layers_of(keys.view, Metric::inner_product);
  const HnswLayers again = layers_of(keys.view, Metric::inner_product);
  EXPECT_EQ(once.level0, again.level0);
  EXPECT_EQ(once.entry, again.entry);
  params_.seed = 2;
  EXPECT_NE(layers_of(keys.view, Metric::inner_product).level0, once.level0);
}

TEST_F(HnswInsert, ManyWorkersBuildSoundLayersToo) {
  const SharedMatrix keys = random_matrix(700, 10, 1, DType::f16);
  const auto executor = make_openmp_executor(4);
  params_.executor = executor.get();
  expect_sound(layers_of(keys.view, Metric::l2), 700, 6);
}

// FAULTS C3, C4.
TEST_F(HnswInsert, C3_C4_FewKeys) {
  EXPECT_EQ(layers_of(random_matrix(0, 4, 1).view, Metric::l2).entry, no_key);
  const HnswLayers one = layers_of(random_matrix(1, 4, 1).view, Metric::l2);
  EXPECT_EQ(one.entry, 0U);
  EXPECT_TRUE(one.level0.neighbors(0).empty());
  const HnswLayers two = layers_of(random_matrix(2, 4, 1).view, Metric::l2);
  EXPECT_EQ(two.level0.neighbors(0)[0], 1U);
  EXPECT_EQ(two.level0.neighbors(1)[0], 0U);
}

// FAULTS D7: products that overflow to infinity or NaN must not break hnswlib's heaps.
TEST_F(HnswInsert, D7_ProductsThatOverflow) {
  std::vector<float> values;
  for (int i = 0; i < 400; ++i) values.push_back((i % 3 == 0 ? -1.0F : 1.0F) * (i % 5 == 0 ? 3e38F : 1.0F));
  const SharedMatrix keys = test::make_matrix(values, 100, 4);
  expect_sound(layers_of(keys.view, Metric::inner_product), 100, 6);
}

TEST_F(HnswInsert, AnExecutorsErrorPassesThrough) {
  class Full final : public Executor {
   public:
    unsigned workers() const noexcept override { return 1; }
    void run(std::size_t, const Task&) override { throw Error(ErrorCode::no_memory, "no worker"); }
  } executor;
  params_.executor = &executor;
  const SharedMatrix keys = random_matrix(20, 4, 1);
  test::expect_error(ErrorCode::no_memory, "no worker", [&] { layers_of(keys.view, Metric::l2); });
}

}  // namespace
}  // namespace rattan
