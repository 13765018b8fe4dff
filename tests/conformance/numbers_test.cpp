// What must follow from what: scaled, permuted and rotated keys; and heads that data never is until it is (FAULTS
// D3-D7, D14, G11): of every kind, on every instruction set (RATTAN_ISA).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/random.h"
#include "kinds.h"
#include "tests/fuzz/rows.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr std::size_t rows = 600;
constexpr std::size_t dim = 16;
constexpr std::uint32_t k = 10;

SharedMatrix mapped(const SharedMatrix& matrix,
                    const std::function<double(std::size_t row, std::size_t col)>& element) {
  std::vector<float> values;
  for (std::size_t row = 0; row < matrix.view.rows; ++row) {
    for (std::size_t col = 0; col < matrix.view.cols; ++col) values.push_back(static_cast<float>(element(row, col)));
  }
  return make_matrix(values, matrix.view.rows, matrix.view.cols);
}

SharedMatrix scaled(const SharedMatrix& matrix, double factor) {
  return mapped(matrix, [&](std::size_t row, std::size_t col) { return factor * element(matrix.view, row, col); });
}

// Shares of k found keys that are, by their true scores, as good as the k best.
double recall_by_score(const NeighborTable& found, const MatrixView& queries, const MatrixView& keys, Metric metric) {
  const NeighborTable truth = reference_topk(queries, keys, k, metric);
  std::size_t good = 0;
  std::size_t all = 0;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const std::size_t count = truth.count(row);
    const float worst = count == 0 ? 0 : truth.scores(row)[count - 1];
    const double slack =
        1e-5 * (std::abs(static_cast<double>(worst)) + std::abs(static_cast<double>(truth.scores(row)[0])));
    for (std::size_t i = 0; i < count; ++i) {
      ++all;
      if (i < found.count(row) && static_cast<double>(found.scores(row)[i]) >= static_cast<double>(worst) - slack)
        ++good;
    }
  }
  return all == 0 ? 1 : static_cast<double>(good) / static_cast<double>(all);
}

class Numbers : public EveryKind {
 protected:
  NeighborTable search(const SharedMatrix& keys, const SharedMatrix& queries, Metric metric) const {
    return build(keys, metric, &serial_executor())->search(queries.view, widest(k, 4));
  }

  SharedMatrix keys_ = random_matrix(rows, dim, 1);
  SharedMatrix queries_ = random_matrix(8, dim, 2);
};

TEST_P(Numbers, PowersOfTwoScaleScoresAndNothingElse) {
  if (!GetParam().same_bytes) GTEST_SKIP() << "two builds may differ";
  for (const Metric metric : all_metrics) {
    const NeighborTable plain = search(keys_, queries_, metric);
    for (const double factor : {0x1p-20, 0x1p20}) {
      // Distances are of keys and queries together, products of each alone.
      const bool both = metric == Metric::l2;
      const NeighborTable found = search(scaled(keys_, factor), both ? scaled(queries_, factor) : queries_, metric);
      for (std::size_t row = 0; row < 8; ++row) {
        EXPECT_TRUE(std::ranges::equal(found.ids(row), plain.ids(row))) << factor;
        for (std::size_t i = 0; i < k; ++i) {
          EXPECT_EQ(static_cast<double>(found.scores(row)[i]),
                    static_cast<double>(plain.scores(row)[i]) * factor * (both ? factor : 1));
        }
      }
    }
  }
}

TEST_P(Numbers, PermutedKeysArePermutedIds) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[random_below(3, i, i)]);
  const SharedMatrix permuted =
      mapped(keys_, [&](std::size_t row, std::size_t col) { return element(keys_.view, order[row], col); });
  for (const Metric metric : all_metrics) {
    const NeighborTable plain = search(keys_, queries_, metric);
    const NeighborTable found = search(permuted, queries_, metric);
    std::size_t same = 0;
    for (std::size_t row = 0; row < 8; ++row) {
      for (std::size_t i = 0; i < k; ++i) same += order[found.ids(row)[i]] == plain.ids(row)[i] ? 1 : 0;
    }
    EXPECT_GE(same, GetParam().exact ? 8 * k : 8 * k * 95 / 100);
  }
}

// Householder's reflection of keys and queries alike leaves products and distances.
TEST_P(Numbers, RotatedHeadsHaveTheSameNeighbours) {
  const SharedMatrix axis = random_matrix(1, dim, 4);
  const auto reflected = [&](const SharedMatrix& matrix) {
    const double length = reference_score(axis.view, 0, axis.view, 0);
    return mapped(matrix, [&](std::size_t row, std::size_t col) {
      return element(matrix.view, row, col) -
             2 * reference_score(matrix.view, row, axis.view, 0) / length * element(axis.view, 0, col);
    });
  };
  for (const Metric metric : all_metrics) {
    const NeighborTable found = search(reflected(keys_), reflected(queries_), metric);
    const NeighborTable truth = reference_topk(queries_.view, keys_.view, k, metric);
    std::size_t same = 0;
    for (std::size_t row = 0; row < 8; ++row) {
      for (std::size_t i = 0; i < k; ++i) same += std::ranges::count(truth.ids(row), found.ids(row)[i]) != 0 ? 1 : 0;
    }
    EXPECT_GE(same, 8 * k * 95 / 100) << to_string(metric);
  }
}

// Whatever the head: valid, and of nearly the best scores.
TEST_P(Numbers, AdversarialHeadsAreFoundInToo) {
  for (std::uint32_t nature = 0; nature < fuzz::natures; ++nature) {
    const auto kind = static_cast<fuzz::Nature>(nature);
    if (kind == fuzz::Nature::largest) continue;  // beyond what products of an index may be; contexts take it
    for (const DType dtype : all_dtypes) {
      if (GetParam().timed && dtype != DType::f16) continue;  // it builds every kind, several times
      const SharedMatrix keys = fuzz::stored_rows(fuzz::make_rows(kind, 5, rows, dtype, dim), rows, dim, dtype);
      const auto index = build(keys, Metric::inner_product, &serial_executor());
      const NeighborTable found = index->search(queries_.view, widest(k, 4));
      EXPECT_GE(recall_by_score(found, queries_.view, keys.view, Metric::inner_product), 0.9)
          << "nature " << nature << ", " << to_string(dtype);
      for (std::size_t row = 0; row < 8; ++row) EXPECT_EQ(found.count(row), k) << "nature " << nature;
    }
  }
}

RATTAN_FOR_EVERY_KIND(Numbers);

}  // namespace
}  // namespace rattan::test
