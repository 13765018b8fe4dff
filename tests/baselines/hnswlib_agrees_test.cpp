// hnswlib itself, with its own storage and distances, against the layers and the search that Rattan takes from it. All
// values are small multiples of 1/64, so that every sum is exact in fp32 and both sides see the same distances.
#define NO_MANUAL_VECTORIZATION
#include <gtest/gtest.h>
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/random.h"
#include "index/baselines/hnsw.h"
#include "index/baselines/hnsw_build.h"
#include "rattan/baselines.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

constexpr std::size_t rows = 1500;
constexpr std::size_t dim = 16;

std::vector<float> exact_values(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = (static_cast<float>(random_below(seed, i, 256)) - 128.0F) / 64.0F;
  }
  return values;
}

class HnswlibAgrees : public ::testing::TestWithParam<Metric> {
 protected:
  HnswlibAgrees() {
    if (GetParam() == Metric::l2) {
      space_ = std::make_unique<hnswlib::L2Space>(dim);
    } else {
      space_ = std::make_unique<hnswlib::InnerProductSpace>(dim);
    }
    theirs_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), rows, params_.max_degree,
                                                                params_.build_beam, params_.seed);
    for (const KeyId id : insertion_order(rows, params_.seed)) theirs_->addPoint(&values_[id * dim], id);
    params_.executor = &serial_executor();
    ours_ = build_hnsw(test::make_matrix(values_, rows, dim, DType::f16), GetParam(), params_);
  }

  // Their distance to our score: 1 - <q, k> or |q - k|^2.
  static float score(float distance) { return GetParam() == Metric::l2 ? -distance : 1.0F - distance; }

  std::vector<float> values_ = exact_values(rows * dim, 1);
  HnswBuildParams params_{8, 60, 7, nullptr};
  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> theirs_;
  std::unique_ptr<Index> ours_;
};

TEST_P(HnswlibAgrees, OnTheLinksOfTheLowestLayer) {
  const HnswLayers& layers = dynamic_cast<const HnswIndex&>(*ours_).layers();
  EXPECT_EQ(layers.entry, theirs_->getExternalLabel(theirs_->enterpoint_node_));
  EXPECT_EQ(layers.upper.size(), static_cast<std::size_t>(theirs_->maxlevel_));
  for (hnswlib::tableint number = 0; number < rows; ++number) {
    const auto key = static_cast<KeyId>(theirs_->getExternalLabel(number));
    std::vector<KeyId> expected;
    for (const hnswlib::tableint neighbor : theirs_->getConnectionsWithLock(number, 0)) {
      expected.push_back(static_cast<KeyId>(theirs_->getExternalLabel(neighbor)));
    }
    const auto found = layers.level0.neighbors(key);
    ASSERT_EQ(std::vector<KeyId>(found.begin(), found.end()), expected) << key;
  }
}

TEST_P(HnswlibAgrees, OnWhatASearchFinds) {
  const std::vector<float> queries = exact_values(60 * dim, 2);
  for (const std::uint32_t beam_width : {20U, 50U, 150U}) {
    theirs_->setEf(beam_width);
    SearchParams params;
    params.k = 20;
    params.beam_width = beam_width;
    const NeighborTable found = ours_->search({queries.data(), DType::f32, 60, dim}, params);
    for (std::size_t row = 0; row < 60; ++row) {
      auto heap = theirs_->searchKnn(&queries[row * dim], 20);
      std::vector<float> expected;
      for (; !heap.empty(); heap.pop()) expected.push_back(score(heap.top().first));
      std::sort(expected.rbegin(), expected.rend());
      const auto scores = found.scores(row);
      EXPECT_EQ(std::vector<float>(scores.begin(), scores.end()), expected) << "row " << row << " beam " << beam_width;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, HnswlibAgrees, ::testing::ValuesIn(test::all_metrics),
                         [](const auto& test) { return std::string(to_string(test.param)); });

}  // namespace
}  // namespace rattan
