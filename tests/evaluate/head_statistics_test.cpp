#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "rattan/evaluate.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The definitions of the header, by sorting.
HeadStatistics reference_statistics(const MatrixView& queries, const MatrixView& keys,
                                    const std::vector<std::int64_t>& positions, std::size_t sinks, std::size_t recent,
                                    double scale) {
  std::vector<double> far_mass, n90, top100;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const auto visible = static_cast<std::size_t>(positions[i]) + 1;
    const auto weights = test::reference_softmax(queries, i, keys, test::all_ids(visible), scale);
    std::vector<double> far;
    for (std::size_t key = sinks; key < visible; ++key) {
      if (key + recent < visible) far.push_back(weights[key]);
    }
    const double sum = std::accumulate(far.begin(), far.end(), 0.0);
    far_mass.push_back(sum);
    if (far.empty()) continue;
    std::sort(far.rbegin(), far.rend());
    double reached = 0;
    std::size_t count = 0;
    while (reached < 0.9 * sum) reached += far[count++];
    n90.push_back(static_cast<double>(count));
    const auto best = far.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(100, far.size()));
    top100.push_back(std::accumulate(far.begin(), best, 0.0) / sum);
  }
  HeadStatistics result;
  const auto mean = [](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
  };
  result.far_mass = mean(far_mass);
  result.n90 = median(n90);
  result.top100 = mean(top100);
  return result;
}

TEST(HeadStatistics, MassCountsMatchSorting) {
  const SharedMatrix keys = test::random_matrix(3000, 16, 1, DType::f16);
  const SharedMatrix queries = test::random_matrix(33, 16, 2, DType::f16);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 33; ++i) positions.push_back(20 + i * 93);
  for (const double scale : {0.01, 0.25, 2.0}) {
    const auto found = head_statistics(queries.view, keys.view, positions, 16, 50, scale);
    const auto expected = reference_statistics(queries.view, keys.view, positions, 16, 50, scale);
    EXPECT_NEAR(found.far_mass, expected.far_mass, 1e-9) << scale;
    EXPECT_NEAR(found.top100, expected.top100, 1e-9) << scale;
    EXPECT_EQ(found.n90, expected.n90) << scale;
  }
}

TEST(HeadStatistics, EqualKeysNeedNineTenthsOfThem) {  // FAULTS D4, D3
  const SharedMatrix keys = test::make_matrix(std::vector<float>(1000 * 4, 0.5F), 1000, 4);
  const SharedMatrix queries = test::random_matrix(3, 4, 2);
  const std::int64_t positions[] = {999, 999, 999};
  const auto found = head_statistics(queries.view, keys.view, positions, 0, 0, 1.0);
  EXPECT_NEAR(found.n90, 900, 1);
  EXPECT_NEAR(found.top100, 0.1, 1e-12);
  EXPECT_NEAR(found.far_mass, 1, 1e-12);
  EXPECT_EQ(found.mahalanobis_keys, 0);
  EXPECT_EQ(found.mahalanobis_queries, 0);
}

TEST(HeadStatistics, DistancesAndNormsOfAKnownCloud) {
  const std::size_t n = 20000;
  SharedMatrix keys = test::random_matrix(n, 16, 3);
  SharedMatrix queries = test::random_matrix(64, 16, 4);
  // Keys around +3 e0, queries around -12 e0: the cosine is -1 but for sampling noise, the distance 15.
  for (std::size_t i = 0; i < n; ++i) {
    test::set_element(keys, i, 0, static_cast<float>(test::element(keys.view, i, 0) + 3));
  }
  for (std::size_t i = 0; i < 64; ++i) {
    test::set_element(queries, i, 0, static_cast<float>(test::element(queries.view, i, 0) - 12));
  }
  const std::vector<std::int64_t> positions(64, n - 1);
  const auto found = head_statistics(queries.view, keys.view, positions, 4, 4, 0.25);
  EXPECT_NEAR(found.mahalanobis_keys, std::sqrt(15.35), 0.1);  // median of chi with 16 degrees
  EXPECT_NEAR(found.mahalanobis_queries, std::sqrt(15 * 15 + 15), 0.6);
  EXPECT_NEAR(found.mean_cosine, -1, 0.02);
  EXPECT_NEAR(found.query_norm, std::sqrt(144 + 16), 0.4);
  EXPECT_NEAR(found.key_norm, 5, 0.05);
  EXPECT_NEAR(found.concentration, 12 / std::sqrt(160.0), 0.02);
}

TEST(HeadStatistics, TheSameBitsForAnyNumberOfThreads) {
  const SharedMatrix keys = test::random_matrix(5000, 8, 1);
  const SharedMatrix queries = test::random_matrix(40, 8, 2);
  const std::vector<std::int64_t> positions(40, 4999);
  const auto a = head_statistics(queries.view, keys.view, positions, 4, 64, 0.5, &serial_executor());
  const auto executor = make_openmp_executor(3);
  const auto b = head_statistics(queries.view, keys.view, positions, 4, 64, 0.5, executor.get());
  EXPECT_EQ(a.far_mass, b.far_mass);
  EXPECT_EQ(a.n90, b.n90);
  EXPECT_EQ(a.top100, b.top100);
  EXPECT_EQ(a.mahalanobis_queries, b.mahalanobis_queries);
  EXPECT_EQ(a.mahalanobis_keys, b.mahalanobis_keys);
  EXPECT_EQ(a.mean_cosine, b.mean_cosine);
}

TEST(HeadStatistics, RowsWithoutFarKeys) {  // FAULTS D10
  const SharedMatrix keys = test::random_matrix(50, 8, 1);
  const SharedMatrix queries = test::random_matrix(2, 8, 2);
  const std::int64_t positions[] = {0, 49};
  const auto found = head_statistics(queries.view, keys.view, positions, 128, 512, 0.5);
  EXPECT_EQ(found.far_mass, 0);
  EXPECT_EQ(found.n90, 0);
  EXPECT_EQ(found.top100, 0);
  EXPECT_GT(found.mahalanobis_queries, 0);
}

TEST(HeadStatistics, FarKeysWhoseMassUnderflows) {  // FAULTS D9
  const SharedMatrix keys = test::make_matrix(std::vector<float>{500, -500, -500, 500}, 4, 1);
  const SharedMatrix queries = test::make_matrix(std::vector<float>{500}, 1, 1);
  const std::int64_t positions[] = {3};
  const auto found = head_statistics(queries.view, keys.view, positions, 1, 1, 1.0);
  EXPECT_EQ(found.far_mass, 0);
  EXPECT_EQ(found.n90, 0);
}

TEST(HeadStatistics, NoQueriesAndOneKey) {
  const SharedMatrix keys = test::random_matrix(1, 8, 1);
  const auto none = head_statistics(keys.view.slice(0, 0), keys.view, {}, 4, 4, 0.5);
  EXPECT_EQ(none.far_mass, 0);
  const std::int64_t positions[] = {0};
  const auto one = head_statistics(keys.view, keys.view, positions, 0, 0, 0.5);
  EXPECT_EQ(one.far_mass, 1);
  EXPECT_EQ(one.n90, 1);
}

TEST(HeadStatistics, RefusesBadArguments) {
  const SharedMatrix keys = test::random_matrix(50, 8, 1);
  const SharedMatrix queries = test::random_matrix(2, 8, 2);
  const auto measure = [&](const SharedMatrix& q, std::vector<std::int64_t> positions, double scale) {
    head_statistics(q.view, keys.view, positions, 4, 4, scale);
  };
  const auto invalid = ErrorCode::invalid_argument;
  test::expect_error(invalid, "dim", [&] { measure(test::random_matrix(2, 9, 1), {1, 2}, 1); });
  test::expect_error(invalid, "positions", [&] { measure(queries, {1}, 1); });
  test::expect_error(invalid, "position is 50", [&] { measure(queries, {1, 50}, 1); });
  test::expect_error(invalid, "scale", [&] { measure(queries, {1, 2}, INFINITY); });
  const SharedMatrix nan = test::random_matrix(2, 8, 2);
  test::set_element(nan, 1, 3, std::numeric_limits<float>::quiet_NaN());
  test::expect_error(invalid, "queries row 1", [&] { measure(nan, {1, 2}, 1); });
}

}  // namespace
}  // namespace rattan
