#include "index/baselines/hnsw.h"

#include <gtest/gtest.h>

#include "baselines/hnsw_insert.h"
#include "index/graph_index.h"
#include "rattan/baselines.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

class Hnsw : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_hnswlib) GTEST_SKIP() << "this build has no hnswlib";
    HnswBuildParams params;
    params.executor = &serial_executor();
    index_ = build_hnsw(keys_, Metric::l2, params);
  }
  NeighborTable search(std::uint32_t group, std::optional<std::uint32_t> beam_width = {}) const {
    SearchParams params;
    params.k = 10;
    params.group = group;
    params.beam_width = beam_width;
    return index_->search(queries_.view, params);
  }
  double hits(const NeighborTable& found) const {
    const NeighborTable truth = test::reference_topk(queries_.view, keys_.view, 10, Metric::l2);
    std::size_t same = 0;
    for (std::size_t row = 0; row < found.rows(); ++row) {
      for (const float score : found.scores(row)) same += score >= truth.scores(row)[9] - 1e-4F ? 1 : 0;
    }
    return static_cast<double>(same) / static_cast<double>(10 * found.rows());
  }

  SharedMatrix keys_ = random_matrix(1500, 12, 1, DType::f16);
  SharedMatrix queries_ = random_matrix(16, 12, 2);
  std::unique_ptr<Index> index_;
};

TEST_F(Hnsw, FindsNearlyAllForAFractionOfTheKeys) {
  const NeighborTable found = search(1, 60);
  EXPECT_GE(hits(found), 0.97);
  for (const SearchStats& stats : found.stats) EXPECT_LT(stats.keys_scored, 1000U);
}

TEST_F(Hnsw, AGroupIsItsRowsOneAfterTheOther) {
  const NeighborTable alone = search(1);
  const NeighborTable grouped = search(4);
  EXPECT_EQ(alone, grouped);
  for (std::size_t group = 0; group < 4; ++group) {
    SearchStats sum;
    for (std::size_t row = 0; row < 4; ++row) sum += alone.stats[4 * group + row];
    EXPECT_EQ(grouped.stats[group].keys_scored, sum.keys_scored);
    EXPECT_EQ(grouped.stats[group].bytes_read, sum.bytes_read);
  }
}

TEST_F(Hnsw, AnUnsetBeamIsTwiceK) {
  EXPECT_EQ(search(1), search(1, 20));
  EXPECT_EQ(search(1).stats[3].keys_scored, search(1, 20).stats[3].keys_scored);
}

TEST_F(Hnsw, ItsLowestLayerServesTheGroupWalk) {
  const HnswLayers& layers = dynamic_cast<const HnswIndex&>(*index_).layers();
  Graph borrowed = layers.level0;
  borrowed.entry_points = {layers.entry};
  const GraphIndex walk(test::checked(keys_), Metric::l2, borrowed);
  SearchParams params;
  params.k = 10;
  params.group = 4;
  params.beam_width = 60;
  EXPECT_GE(hits(walk.search(queries_.view, params)), 0.97);
}

TEST_F(Hnsw, MemoryIsLinksAndNoKeys) {
  const std::uint64_t bytes = index_->memory().total();
  EXPECT_GE(bytes, 1500U * 32 * 4);
  EXPECT_LT(bytes, 1500U * (32 + 8) * 4);
  EXPECT_NE(index_->describe().find("max_degree: 16"), std::string::npos);
}

TEST(BuildHnsw, ParametersAreValidated) {
  HnswBuildParams params;
  params.max_degree = 1;
  EXPECT_THROW(build_hnsw(random_matrix(4, 4, 1), Metric::l2, params), Error);
  params.max_degree = 513;
  EXPECT_THROW(build_hnsw(random_matrix(4, 4, 1), Metric::l2, params), Error);
}

}  // namespace
}  // namespace rattan
