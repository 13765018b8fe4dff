// Exact top-k on data made to break it: ties, near ties, extreme norms and overflow.
#include "rattan/exact_topk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/scan/row_scan.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

void expect_row_scan(const MatrixView& queries, const MatrixView& keys, std::uint32_t k) {
  for (const Metric metric : test::all_metrics) {
    EXPECT_EQ(make_exact_topk_cpu()->find(queries, keys, k, metric), test::row_scan(queries, keys, k, metric))
        << to_string(metric) << " k " << k;
  }
}

SharedMatrix copies(const MatrixView& source, std::size_t rows, DType type) {
  std::vector<float> values;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const double value : test::row_values(source, row % source.rows)) values.push_back(static_cast<float>(value));
  }
  return test::make_matrix(values, rows, source.cols, type);
}

// FAULTS D4, D14: ties go to the smaller id.
TEST(ExactTopKValues, AllKeysEqual) {
  const SharedMatrix queries = test::random_matrix(20, 24, 1);
  const SharedMatrix keys = copies(test::random_matrix(1, 24, 2).view, 1500, DType::f16);
  expect_row_scan(queries.view, keys.view, 10);
  const NeighborTable found = make_exact_topk_cpu()->find(queries.view, keys.view, 10, Metric::inner_product);
  for (KeyId i = 0; i < 10; ++i) EXPECT_EQ(found.ids(19)[i], i);
}

TEST(ExactTopKValues, GroupsOfDuplicates) {
  const SharedMatrix queries = test::random_matrix(20, 24, 3);
  for (const std::size_t distinct : {2U, 30U, 400U}) {
    const SharedMatrix keys = copies(test::random_matrix(distinct, 24, 4).view, 1600, DType::f32);
    expect_row_scan(queries.view, keys.view, 1);
    expect_row_scan(queries.view, keys.view, 33);
  }
}

// Keys one rounding error apart: tile scores alone would order them wrongly.
TEST(ExactTopKValues, NearTies) {
  const SharedMatrix queries = test::random_matrix(25, 65, 5);
  for (const std::size_t changed : {3U, 64U}) {
    const SharedMatrix keys = copies(test::random_matrix(7, 65, 6).view, 2100, DType::f32);
    for (std::size_t row = 0; row < 2100; ++row) {
      for (std::size_t col = 0; col < changed; ++col) {
        const double value = test::element(keys.view, row, col);
        const double factor = 1 + 1e-7 * static_cast<double>((row * 31 + col * 17) % 9);
        test::set_element(keys, row, col, static_cast<float>(value * factor));
      }
    }
    expect_row_scan(queries.view, keys.view, 1);
    expect_row_scan(queries.view, keys.view, 100);
  }
}

// Far from the origin, differences of squares lose all their digits: L2 must not be ranked by them.
TEST(ExactTopKValues, CloseKeysFarFromTheOrigin) {
  const SharedMatrix queries = test::random_matrix(15, 16, 7);
  const SharedMatrix keys = test::random_matrix(1200, 16, 8);
  for (const SharedMatrix& matrix : {queries, keys}) {
    for (std::size_t row = 0; row < matrix.view.rows; ++row) {
      for (std::size_t col = 0; col < 16; ++col) {
        const double value = test::element(matrix.view, row, col);
        test::set_element(matrix, row, col, static_cast<float>(3000 + 0.01 * value));
      }
    }
  }
  expect_row_scan(queries.view, keys.view, 20);
}

TEST(ExactTopKValues, OneGiantKeyAndZeroKeys) {
  const SharedMatrix queries = test::random_matrix(20, 16, 9);
  const SharedMatrix keys = test::random_matrix(1500, 16, 10, DType::f16);
  for (std::size_t col = 0; col < 16; ++col) {
    test::set_element(keys, 700, col, 60000.0F);
    for (std::size_t row = 0; row < 300; ++row) test::set_element(keys, row, col, 0.0F);
    test::set_element(queries, 3, col, 0.0F);
  }
  expect_row_scan(queries.view, keys.view, 5);
  expect_row_scan(queries.view, keys.view, 200);
}

// Products beyond the range of fp32: infinite scores are kept in order, NaN scores are left out.
TEST(ExactTopKValues, ProductsThatOverflow) {
  const SharedMatrix queries = test::random_matrix(9, 12, 11);
  const SharedMatrix keys = test::random_matrix(800, 12, 12);
  for (std::size_t row = 0; row < 800; row += 3) {
    for (std::size_t col = 0; col < 12; ++col) {
      test::set_element(keys, row, col, static_cast<float>(1e38 * test::element(keys.view, row, col) / 8));
    }
  }
  for (std::size_t col = 0; col < 12; ++col) test::set_element(queries, 4, col, col % 2 == 0 ? 30.0F : -30.0F);
  expect_row_scan(queries.view, keys.view, 10);
  expect_row_scan(queries.view, keys.view, 800);
}

TEST(ExactTopKValues, TinyNumbers) {
  const SharedMatrix queries = test::random_matrix(9, 12, 13);
  const SharedMatrix keys = test::random_matrix(800, 12, 14);
  for (std::size_t row = 0; row < 800; ++row) {
    for (std::size_t col = 0; col < 12; ++col) {
      test::set_element(keys, row, col, static_cast<float>(1e-41 * test::element(keys.view, row, col)));
    }
  }
  expect_row_scan(queries.view, keys.view, 10);
}

// Scores that rise with the position keep every threshold behind: slow for a scan in order, and never wrong.
TEST(ExactTopKValues, ScoresThatRiseWithThePosition) {
  std::vector<float> values(3000 * 4);
  for (std::size_t i = 0; i < 3000; ++i) {
    for (std::size_t col = 0; col < 4; ++col) values[i * 4 + col] = static_cast<float>(i);
  }
  const SharedMatrix keys = test::make_matrix(values, 3000, 4, DType::f32);
  const SharedMatrix queries = copies(test::make_matrix(std::vector<float>{1, 1, 1, 1}, 1, 4).view, 10, DType::f32);
  expect_row_scan(queries.view, keys.view, 50);
  const NeighborTable found = make_exact_topk_cpu()->find(queries.view, keys.view, 50, Metric::inner_product);
  for (KeyId i = 0; i < 50; ++i) ASSERT_EQ(found.ids(9)[i], 2999 - i);
}

}  // namespace
}  // namespace rattan
