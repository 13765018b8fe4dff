#include "context/mass_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

// By sorting softmax weights in double.
std::uint32_t needed(const MatrixView& queries, std::size_t row, const MatrixView& keys, std::size_t visible,
                     IdRange indexed, double scale, double epsilon) {
  std::vector<double> weights = reference_softmax(queries, row, keys, all_ids(visible), scale);
  const auto end = weights.begin() + std::min<std::ptrdiff_t>(indexed.end, static_cast<std::ptrdiff_t>(visible));
  std::vector<double> searched(weights.begin() + indexed.begin, end);
  std::sort(searched.begin(), searched.end());
  double unread = 0;
  std::size_t left = 0;
  while (left < searched.size() && unread + searched[left] < epsilon) unread += searched[left++];
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, searched.size() - left));
}

TEST(MassCurve, IsTheMedianOfWhatQueriesNeed) {
  const SharedMatrix keys = random_matrix(500, 16, 1);
  const SharedMatrix queries = random_matrix(6, 16, 2);  // three groups of two
  const std::vector<std::int64_t> positions{499, 480, 470};
  const IdRange indexed{10, 460};
  const MassCurve curve = measure_mass(queries.view, positions, keys.view, indexed, 0.5, serial_executor());
  ASSERT_TRUE(curve.measured());
  for (std::size_t i = 0; i < MassCurve::epsilons.size(); ++i) {
    std::vector<std::uint32_t> counts;
    for (std::size_t group = 0; group < 3; ++group) {
      const auto visible = static_cast<std::size_t>(positions[group]) + 1;
      const auto of = [&](std::size_t row) {
        return needed(queries.view, row, keys.view, visible, indexed, 0.5, MassCurve::epsilons[i]);
      };
      counts.push_back(std::max(of(2 * group), of(2 * group + 1)));
    }
    std::sort(counts.begin(), counts.end());
    EXPECT_NEAR(curve.keys[i], counts[1], 1) << "epsilon " << MassCurve::epsilons[i];
  }
  EXPECT_TRUE(std::is_sorted(curve.keys.begin(), curve.keys.end()));
}

TEST(MassCurve, IsTheSameForAnyExecutor) {
  const SharedMatrix keys = random_matrix(300, 16, 1);
  const SharedMatrix queries = random_matrix(12, 16, 2);
  const std::vector<std::int64_t> positions{299, 250, 100, 50, 20, 0};
  const auto threads = make_openmp_executor(3);
  EXPECT_EQ(measure_mass(queries.view, positions, keys.view, {10, 290}, 0.5, serial_executor()).keys,
            measure_mass(queries.view, positions, keys.view, {10, 290}, 0.5, *threads).keys);
}

TEST(MassCurve, TakesTheNextSmallerEpsilon) {
  MassCurve curve;
  EXPECT_FALSE(curve.measured());
  curve.keys = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(curve.keys_for(0.9), 1U);
  EXPECT_EQ(curve.keys_for(0.1), 4U);
  EXPECT_EQ(curve.keys_for(0.09), 5U);
  EXPECT_EQ(curve.keys_for(1e-6), 9U);
}

TEST(MassCurve, IsNotMeasuredWithoutQueriesOrKeys) {
  const SharedMatrix keys = random_matrix(30, 16, 1);
  const SharedMatrix queries = random_matrix(1, 16, 2);
  const std::vector<std::int64_t> positions{29};
  EXPECT_FALSE(measure_mass(queries.view.slice(0, 0), {}, keys.view, {0, 30}, 1, serial_executor()).measured());
  EXPECT_FALSE(measure_mass(queries.view, positions, keys.view, {30, 30}, 1, serial_executor()).measured());
}

}  // namespace
}  // namespace rattan::test
