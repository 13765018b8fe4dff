#include "clusters/k_means.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(KMeans, FindsClustersThatAreThere) {
  std::vector<float> values;
  for (int i = 0; i < 300; ++i) {
    values.push_back(static_cast<float>(i % 3) * 100.0F + static_cast<float>(i) * 0.001F);
    values.push_back(static_cast<float>(i % 3 == 1) * 50.0F);
  }
  for (const DType dtype : all_dtypes) {
    const SharedMatrix keys = make_matrix(values, 300, 2, dtype);
    const std::vector<float> centroids = k_means(keys.view, {.clusters = 3}, serial_executor());
    const auto clusters = nearest_centroids(keys.view, centroids, serial_executor());
    for (std::size_t i = 3; i < 300; ++i) EXPECT_EQ(clusters[i], clusters[i % 3]) << i;
    EXPECT_NE(clusters[0], clusters[1]);
    EXPECT_NE(clusters[1], clusters[2]);
    EXPECT_NE(clusters[0], clusters[2]);
  }
}

TEST(KMeans, IsTheSameForAnyNumberOfThreads) {
  const SharedMatrix keys = random_matrix(3000, 24, 5, DType::f16, 30);
  const auto executor = make_openmp_executor(3);
  const KMeansParams params{.clusters = 90, .iterations = 4};
  EXPECT_EQ(k_means(keys.view, params, serial_executor()), k_means(keys.view, params, *executor));
}

TEST(KMeans, LowersTheDistance) {
  const SharedMatrix keys = random_matrix(2000, 8, 5);
  const auto total = [&](std::uint32_t iterations) {
    std::vector<float> distance;
    nearest_centroids(keys.view, k_means(keys.view, {.clusters = 50, .iterations = iterations}, serial_executor()),
                      serial_executor(), &distance);
    double sum = 0;
    for (const float x : distance) sum += static_cast<double>(x);
    return sum;
  };
  EXPECT_LT(total(8), 0.9 * total(0));
}

TEST(KMeans, EqualKeysAndMoreClustersThanKeys) {
  const std::vector<float> same(60, 2.0F);
  const SharedMatrix keys = make_matrix(same, 20, 3);
  const std::vector<float> centroids = k_means(keys.view, {.clusters = 4}, serial_executor());
  EXPECT_EQ(centroids, std::vector<float>(12, 2.0F));
  EXPECT_EQ(nearest_centroids(keys.view, centroids, serial_executor()), std::vector<std::uint32_t>(20, 0U));
  EXPECT_EQ(k_means(keys.view, {.clusters = 99}, serial_executor()).size(), 60U);
  EXPECT_TRUE(k_means(keys.view.slice(0, 0), {}, serial_executor()).empty());
}

TEST(Members, StandInOrder) {
  const std::vector<std::uint32_t> clusters = {2, 0, 2, 2, 0};
  const Members members = members_of(clusters, 4);
  EXPECT_EQ(std::vector<std::uint32_t>(members.rows_of(0).begin(), members.rows_of(0).end()),
            (std::vector<std::uint32_t>{1, 4}));
  EXPECT_TRUE(members.rows_of(1).empty());
  EXPECT_EQ(members.rows_of(2).size(), 3U);
  EXPECT_TRUE(members.rows_of(3).empty());
}

TEST(MeanRows, AreMeansOfManyRows) {
  const SharedMatrix matrix = random_matrix(1000, 5, 3, DType::bf16);
  const std::vector<std::uint32_t> clusters(1000, 1U);
  const std::vector<float> means = mean_rows(matrix.view, members_of(clusters, 2), serial_executor());
  for (std::size_t c = 0; c < 5; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < 1000; ++i) sum += element(matrix.view, i, c);
    EXPECT_EQ(means[c], 0);
    EXPECT_NEAR(means[5 + c], sum / 1000, 1e-6);
  }
}

}  // namespace
}  // namespace rattan::test
