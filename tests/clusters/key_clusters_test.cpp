#include "clusters/key_clusters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "clusters/cluster_cut.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(KeyClusters, HoldMeansOfTheirKeys) {
  const SharedMatrix keys = random_matrix(500, 12, 1, DType::f16);
  const SharedMatrix values = random_matrix(500, 7, 2, DType::bf16);
  const KeyClusters clusters(test::checked(keys), test::checked(values), 1000, {.clusters = 20});
  ASSERT_EQ(clusters.clusters(), 20U);
  EXPECT_EQ(clusters.ids(), (IdRange{1000, 1500}));
  std::vector<double> count(20);
  std::vector<double> key(20);
  std::vector<double> value(20);
  for (std::size_t i = 0; i < 500; ++i) {
    const std::uint32_t c = clusters.cluster_of(static_cast<KeyId>(1000 + i));
    ASSERT_LT(c, 20U);
    count[c] += 1;
    key[c] += element(keys.view, i, 5);
    value[c] += element(values.view, i, 6);
  }
  for (std::size_t c = 0; c < 20; ++c) {
    EXPECT_EQ(static_cast<double>(clusters.counts()[c]), count[c]);
    EXPECT_NEAR(element(clusters.centroids(), c, 5) * count[c], key[c], 1e-3 * count[c]);
    EXPECT_NEAR(element(clusters.mean_values(), c, 6) * count[c], value[c], 1e-3 * count[c]);
  }
  EXPECT_EQ(clusters.bytes(), 20 * (12 + 7) * 2 + 12 * 12 * 4 + 20 * 8 + 500 * 2);
}

// Only its shape is taken over: in all, keys of a cluster vary as much as they do.
TEST(KeyClusters, ACovarianceIsSharedWithKeysAlike) {
  const SharedMatrix keys = random_matrix(8000, 6, 1);
  const CheckedMatrix all = test::checked(keys);
  const CheckedMatrix later = all.slice(4000, 4000);
  const KeyClusters first(all.slice(0, 4000), all.slice(0, 4000), 0, {.clusters = 10});
  const KeyClusters own(later, later, 4000, {.clusters = 10});
  const KeyClusters alike(later, later, 4000, {.clusters = 10, .alike = &first});
  EXPECT_TRUE(alike.has_covariance_of(first));
  EXPECT_FALSE(own.has_covariance_of(first));
  EXPECT_EQ(alike.bytes() + 6 * 6 * 4, own.bytes());
  for (std::size_t c = 0; c < 10; ++c) {
    double variance = 0;
    double of_own = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      variance += alike.spreads()[c] * element(alike.covariance(), i, i);
      of_own += own.spreads()[c] * element(own.covariance(), i, i);
    }
    EXPECT_NEAR(variance, of_own, 1e-3 * of_own);
  }
  // Spreads are relative to it: keys twice as far apart vary four times as much.
  const SharedMatrix twice = random_matrix(8000, 6, 1);
  for (std::size_t i = 0; i < 8000; ++i) {
    for (std::size_t j = 0; j < 6; ++j) set_element(twice, i, j, static_cast<float>(2 * element(keys.view, i, j)));
  }
  const CheckedMatrix wide = test::checked(twice).slice(4000, 4000);
  const KeyClusters wider(wide, wide, 4000, {.clusters = 10, .alike = &first});
  for (std::size_t c = 0; c < 10; ++c) EXPECT_NEAR(wider.spreads()[c], 4 * alike.spreads()[c], 0.05F);
  // Keys that are all equal have no covariance to share.
  const SharedMatrix equal = random_matrix(100, 6, 1);
  for (std::size_t i = 0; i < 100; ++i) {
    for (std::size_t j = 0; j < 6; ++j) set_element(equal, i, j, 1);
  }
  const KeyClusters point(test::checked(equal), test::checked(equal), 0, {.clusters = 2});
  EXPECT_FALSE(KeyClusters(later, later, 4000, {.clusters = 10, .alike = &point}).has_covariance_of(point));
}

TEST(KeyClusters, AtMostOnePerSixteenKeys) {
  const SharedMatrix keys = random_matrix(100, 4, 1);
  const auto count = [&](std::size_t rows) {
    return KeyClusters(test::checked(keys).slice(0, rows), test::checked(keys).slice(0, rows), 0, {}).clusters();
  };
  EXPECT_EQ(count(100), 6U);
  EXPECT_EQ(count(31), 1U);
  EXPECT_EQ(count(1), 1U);
  EXPECT_EQ(count(0), 0U);
  EXPECT_EQ(KeyClusters().clusters(), 0U);
  EXPECT_EQ(KeyClusters().ids(), (IdRange{0, 0}));
  EXPECT_EQ(KeyClusters().bytes(), 0U);
}

TEST(KeyClusters, BytesAreBoundedBefore) {
  for (const DType dtype : all_dtypes) {
    for (const std::size_t rows : {0U, 1U, 100U, 500U}) {
      const SharedMatrix keys = random_matrix(rows, 12, 1, dtype);
      const SharedMatrix values = random_matrix(rows, 7, 2, dtype);
      const std::size_t bytes = KeyClusters(test::checked(keys), test::checked(values), 0, {.clusters = 20}).bytes();
      const std::size_t most = KeyClusters::most_bytes(rows, 20, 12, 7, dtype);
      EXPECT_LE(bytes, most);
      EXPECT_LE(most, dtype == DType::f16 ? bytes : 2 * bytes);
    }
  }
  EXPECT_EQ(KeyClusters::most_bytes(500, 0, 12, 7, DType::f16), 0U);
}

TEST(KeyClusters, AreTheSameForAnyNumberOfThreads) {
  const SharedMatrix keys = random_matrix(2000, 16, 1);
  const auto executor = make_openmp_executor(3);
  const KeyClusters one(test::checked(keys), test::checked(keys), 0, {.clusters = 70, .executor = &serial_executor()});
  const KeyClusters many(test::checked(keys), test::checked(keys), 0, {.clusters = 70, .executor = executor.get()});
  for (KeyId id = 0; id < 2000; ++id) ASSERT_EQ(one.cluster_of(id), many.cluster_of(id));
  EXPECT_EQ(std::memcmp(one.centroids().data, many.centroids().data, 70 * one.centroids().row_bytes()), 0);
  EXPECT_EQ(std::memcmp(one.mean_values().data, many.mean_values().data, 70 * one.mean_values().row_bytes()), 0);
}

TEST(KeyClusters, KeepNumbersThatHalvesCannot) {
  const std::vector<float> large = {1e6F, 1e6F, 1e6F};
  const SharedMatrix keys = make_matrix(large, 3, 1);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  EXPECT_EQ(clusters.centroids().dtype, DType::f32);
  EXPECT_EQ(element(clusters.centroids(), 0, 0), 1e6);
  EXPECT_EQ(clusters.bytes(), KeyClusters::most_bytes(3, 1, 1, 1, DType::f32));
}

// Issue 11, B8: means below 6e-5 were halves without their bits, those above 65504 infinite.
TEST(KeyClusters, MeansOfAnySizeKeepTheirBits) {
  const SharedMatrix keys = random_matrix(500, 6, 1, DType::bf16);
  const auto scaled = [&](const SharedMatrix& matrix, int exponent) {
    const SharedMatrix result = random_matrix(500, 6, 1, DType::bf16);
    for (std::size_t i = 0; i < 500; ++i) {
      for (std::size_t c = 0; c < 6; ++c) {
        set_element(result, i, c, static_cast<float>(std::ldexp(element(matrix.view, i, c), exponent)));
      }
    }
    return result;
  };
  const KeyClusters one(test::checked(keys), test::checked(keys), 0, {.clusters = 20});
  for (const int exponent : {-100, -40, -20, -8, 10, 20, 40, 100}) {
    const SharedMatrix other = scaled(keys, exponent);
    const KeyClusters of_keys(test::checked(other), test::checked(keys), 0, {.clusters = 20});
    const KeyClusters of_values(test::checked(keys), test::checked(other), 0, {.clusters = 20});
    for (KeyId id = 0; id < 500; ++id) {
      ASSERT_EQ(of_keys.cluster_of(id), one.cluster_of(id)) << exponent;
      ASSERT_EQ(of_values.cluster_of(id), one.cluster_of(id)) << exponent;
    }
    for (std::size_t c = 0; c < 20; ++c) {
      double largest = 0;
      for (std::size_t j = 0; j < 6; ++j) largest = std::max(largest, std::abs(element(one.centroids(), c, j)));
      for (std::size_t j = 0; j < 6; ++j) {
        const double expected = element(one.centroids(), c, j);
        EXPECT_NEAR(std::ldexp(element(of_keys.centroids(), c, j), -exponent), expected, 1e-3 * largest) << exponent;
        EXPECT_NEAR(std::ldexp(element(of_values.mean_values(), c, j), -exponent), expected, 1e-3 * largest);
      }
      if (std::abs(exponent) == 100) continue;  // squares of such keys are no numbers of fp32
      EXPECT_NEAR(of_keys.spreads()[c], one.spreads()[c], 1e-3 * one.spreads()[c]) << exponent;
    }
  }
}

// Issue 11, B4: a key far from all others drew the mean of its cluster away, or overflowed where the sample missed it.
TEST(KeyClusters, OutliersDrawNoMeanAway) {
  for (const float size : {32.0F, 1000.0F, 1e30F, 3e38F}) {
    const SharedMatrix keys = random_matrix(4000, 6, 1);
    const KeyClusters without(test::checked(keys), test::checked(keys), 0, {.clusters = 10});
    for (const std::size_t row : {7U, 1234U, 3999U}) {
      for (std::size_t c = 0; c < 6; ++c) set_element(keys, row, c, size);
    }
    const SharedMatrix values = random_matrix(4000, 6, 1);
    const KeyClusters clusters(test::checked(keys), test::checked(values), 0, {.clusters = 10});
    for (std::size_t c = 0; c < 10; ++c) {
      EXPECT_TRUE(std::isfinite(clusters.spreads()[c])) << size;
      const bool of_outliers = clusters.counts()[c] <= 3;
      for (std::size_t j = 0; j < 6 && !of_outliers; ++j) EXPECT_LT(std::abs(element(clusters.centroids(), c, j)), 3);
    }
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_LT(std::abs(element(clusters.covariance(), i, i)), 2 * element(without.covariance(), i, i)) << size;
    }
    const KeyClusters cut = cut_clusters(clusters, 3000, keys.view, values.view);
    for (std::size_t c = 0; c < 10; ++c) {
      EXPECT_LT(std::abs(element(cut.centroids(), c, 0)), clusters.counts()[c] > 3 ? 3 : 1e39);
    }
  }
}

TEST(KeyClusters, BadArgumentsAreNamed) {
  const SharedMatrix keys = random_matrix(40, 4, 1);
  const auto refuses = [&](const char* name, MatrixView values, KeyId first, const ClusterParams& params) {
    expect_error(ErrorCode::invalid_argument, name,
                 [&] { KeyClusters(test::checked(keys), test::checked(values), first, params); });
  };
  refuses("values", keys.view.slice(0, 39), 0, {});
  refuses("rows of keys", keys.view, no_key - 10, {});
  refuses("clusters", keys.view, 0, {.clusters = 0});
  refuses("clusters", keys.view, 0, {.clusters = 70000});
  refuses("iterations", keys.view, 0, {.iterations = 0});
  const SharedMatrix bad = random_matrix(40, 4, 1);
  set_element(bad, 3, 2, std::numeric_limits<float>::infinity());
  expect_error(ErrorCode::invalid_argument, "keys", [&] { CheckedMatrix(bad, "keys", serial_executor()); });
}

}  // namespace
}  // namespace rattan::test
