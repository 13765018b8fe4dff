#include "baselines/ivf_train.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

class IvfTrain : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_faiss) GTEST_SKIP() << "this build has no FAISS";
  }

  std::vector<float> train(const std::vector<float>& sample, std::size_t dim, std::uint32_t lists,
                           const IvfBuildParams& params = {}) const {
    return train_centroids(sample.data(), sample.size() / dim, dim, lists, params, *exact_);
  }

  std::unique_ptr<ExactTopK> exact_ = make_exact_topk_cpu(&serial_executor());
};

// Three tight clouds far apart, in turn.
std::vector<float> clouds(std::size_t rows) {
  const float centers[3][2] = {{0, 0}, {100, 0}, {0, 100}};
  std::vector<float> points;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < 2; ++c) {
      points.push_back(centers[i % 3][c] + static_cast<float>(random_uniform(7, 2 * i + c)));
    }
  }
  return points;
}

TEST_F(IvfTrain, FindsSeparateClouds) {
  IvfBuildParams params;
  params.iterations = 20;
  const std::vector<float> centroids = train(clouds(300), 2, 12, params);
  ASSERT_EQ(centroids.size(), 24U);
  for (const auto& [x, y] : {std::pair{0.5F, 0.5F}, {100.5F, 0.5F}, {0.5F, 100.5F}}) {
    float nearest = std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < 12; ++i) {
      nearest = std::min(nearest, std::hypot(centroids[2 * i] - x, centroids[2 * i + 1] - y));
    }
    EXPECT_LT(nearest, 1.5F);
  }
}

TEST_F(IvfTrain, SphericalCentroidsHaveNormOne) {
  IvfBuildParams params;
  params.spherical = true;
  const std::vector<float> centroids = train(clouds(300), 2, 6, params);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(std::hypot(centroids[2 * i], centroids[2 * i + 1]), 1.0F, 1e-5F);
}

TEST_F(IvfTrain, DependsOnTheSeedAndNotOnThreads) {
  const std::vector<float> sample = clouds(1000);
  IvfBuildParams params;
  const std::vector<float> once = train(sample, 2, 20, params);
  for (const unsigned threads : {2U, 4U}) {
    const auto executor = make_openmp_executor(threads);
    exact_ = make_exact_topk_cpu(executor.get());
    EXPECT_EQ(train(sample, 2, 20, params), once) << threads;
  }
  exact_ = make_exact_topk_cpu(&serial_executor());
  params.seed = 2;
  EXPECT_NE(train(sample, 2, 20, params), once);
}

TEST_F(IvfTrain, AsManyListsAsPointsAreThePoints) {
  const std::vector<float> sample{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(train(sample, 2, 3), sample);
}

// FAULTS D4.
TEST_F(IvfTrain, D4_EqualPointsDoNotHang) {
  const std::vector<float> centroids = train(std::vector<float>(400, 2.5F), 4, 10);
  EXPECT_EQ(centroids.size(), 40U);
}

TEST_F(IvfTrain, SumsThatOverflowDoNotHang) {
  const std::vector<float> sample(400, std::numeric_limits<float>::max());
  EXPECT_EQ(train(sample, 4, 10).size(), 40U);
}

}  // namespace
}  // namespace rattan
