#include "graph/key_geometry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

std::vector<float> floats(const MatrixView& matrix) {
  const auto* data = static_cast<const float*>(matrix.data);
  return {data, data + matrix.rows * matrix.cols};
}

// Cosine of two keys after the mean of all is taken away, in double.
double centred_cosine(const MatrixView& keys, KeyId a, KeyId b) {
  std::vector<double> mean(keys.cols, 0.0);
  for (std::size_t row = 0; row < keys.rows; ++row) {
    for (std::size_t col = 0; col < keys.cols; ++col) mean[col] += test::element(keys, row, col);
  }
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t col = 0; col < keys.cols; ++col) {
    const double centre = mean[col] / static_cast<double>(keys.rows);
    const double x = test::element(keys, a, col) - centre;
    const double y = test::element(keys, b, col) - centre;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return ab / std::sqrt(aa * bb);
}

void expect_reference_cosines(const SharedMatrix& keys) {
  const KeyGeometry geometry(keys.view, serial_executor());
  ASSERT_EQ(geometry.keys(), keys.view.rows);
  const std::vector<KeyId> to = test::all_ids(keys.view.rows);
  std::vector<float> similarity(to.size());
  std::vector<const void*> rows;
  for (const KeyId from : {KeyId{0}, static_cast<KeyId>(keys.view.rows - 1)}) {
    geometry.similarity(from, to, rows, similarity.data());
    for (const KeyId id : to) EXPECT_NEAR(similarity[id], centred_cosine(keys.view, from, id), 1e-5) << id;
  }
}

TEST(KeyGeometry, IsTheCosineOfCentredKeysForEveryDtype) {
  for (const DType dtype : test::all_dtypes) {
    for (const std::size_t dim : {1U, 7U, 33U}) {
      SCOPED_TRACE(testing::Message() << to_string(dtype) << " dim " << dim);
      expect_reference_cosines(random_matrix(40, dim, dim, dtype));
    }
  }
}

TEST(KeyGeometry, ReadsStridedAndUnalignedKeys) {
  const SharedMatrix strided = random_matrix(50, 9, 4, DType::f16, 13);
  const SharedMatrix odd = test::at_offset(strided.view, 1);
  expect_reference_cosines(strided);
  const KeyGeometry a(strided.view, serial_executor());
  const KeyGeometry b(odd.view, serial_executor());
  EXPECT_EQ(floats(a.directions()), floats(b.directions()));
}

TEST(KeyGeometry, ACommonOffsetIsTakenAway) {
  const SharedMatrix near = random_matrix(60, 5, 6);
  SharedMatrix far = random_matrix(60, 5, 6);
  for (std::size_t row = 0; row < 60; ++row) {
    for (std::size_t col = 0; col < 5; ++col) {
      test::set_element(far, row, col, static_cast<float>(test::element(near.view, row, col) + 100.0));
    }
  }
  const KeyGeometry a(near.view, serial_executor());
  const KeyGeometry b(far.view, serial_executor());
  const std::vector<float> x = floats(a.directions());
  const std::vector<float> y = floats(b.directions());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-4) << i;
}

// FAULTS D3, D4.
TEST(KeyGeometry, AKeyThatEqualsTheMeanHasCosineZeroWithAll) {
  for (const std::size_t keys : {1U, 7U, 3000U}) {
    std::vector<float> values;
    for (std::size_t i = 0; i < keys; ++i) values.insert(values.end(), {0.1F, -3.7F, 1e-3F});
    const SharedMatrix matrix = test::make_matrix(values, keys, 3);
    const KeyGeometry geometry(matrix.view, serial_executor());
    for (const float x : floats(geometry.directions())) ASSERT_EQ(x, 0.0F) << keys;
  }
}

// FAULTS D7: squares and sums of such keys overflow fp32.
TEST(KeyGeometry, HugeAndTinyKeysHaveUnitDirections) {
  const std::vector<float> values = {3e38F, 0, -3e38F, 0, 1e38F, 3e38F, 1e-40F, -3e38F};
  const SharedMatrix matrix = test::make_matrix(values, 4, 2);
  const KeyGeometry geometry(matrix.view, serial_executor());
  const std::vector<float> directions = floats(geometry.directions());
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_NEAR(std::hypot(directions[2 * row], directions[2 * row + 1]), 1.0, 1e-6) << row;
  }
  const SharedMatrix tiny = test::make_matrix(std::vector<float>{1e-44F, -1e-44F}, 2, 1);
  EXPECT_EQ(floats(KeyGeometry(tiny.view, serial_executor()).directions()), (std::vector<float>{1.0F, -1.0F}));
}

TEST(KeyGeometry, IsTheSameForAnyNumberOfThreads) {
  const SharedMatrix keys = random_matrix(5000, 6, 8, DType::bf16);
  const std::vector<float> alone = floats(KeyGeometry(keys.view, serial_executor()).directions());
  for (const unsigned threads : {2U, 3U, 16U}) {
    const auto executor = make_openmp_executor(threads);
    EXPECT_EQ(floats(KeyGeometry(keys.view, *executor).directions()), alone) << threads;
  }
}

TEST(KeyGeometry, MayHaveNoKeys) {
  EXPECT_EQ(KeyGeometry(MatrixView(nullptr, DType::f32, 0, 4), serial_executor()).keys(), 0U);
}

}  // namespace
}  // namespace rattan
