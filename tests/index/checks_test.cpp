#include "index/checks.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>

#include "tests/support/errors.h"

namespace rattan {
namespace {

using test::expect_error;

constexpr float data[12] = {};

void expect_refused(const MatrixView& matrix, std::string_view part) {
  expect_error(ErrorCode::invalid_argument, part, [&] { check_matrix(matrix, "queries"); });
}

TEST(Checks, GoodMatricesPass) {
  check_matrix({data, DType::f32, 3, 4}, "keys");
  check_matrix({data, DType::f32, 2, 4, 6}, "keys");
  check_matrix({nullptr, DType::f32, 0, 4}, "keys");
}

TEST(Checks, BadViewsAreNamed) {
  expect_refused({nullptr, DType::f32, 3, 4}, "queries");
  expect_refused({data, DType::f32, 3, 4, 3}, "queries");
  expect_refused({data, static_cast<DType>(7), 3, 4}, "queries");
}

// FAULTS A13: lower bounds on every field; A18: hard caps.
TEST(Checks, A13_A18_ColumnsHaveBounds) {
  expect_refused({data, DType::f32, 3, 0}, "queries.cols is 0");
  expect_refused({nullptr, DType::f32, 0, 0}, "queries.cols is 0");
  expect_refused({data, DType::f32, 1, 65537}, "queries.cols is 65537");
}

// FAULTS C5.
TEST(Checks, C5_RowsAreNoMoreThanIdsCanName) {
  check_matrix({data, DType::f32, no_key, 1}, "queries");
  expect_refused({data, DType::f32, std::size_t{no_key} + 1, 1}, "queries.rows");
}

// FAULTS A2.
TEST(Checks, A2_SizesThatWrapAreRefused) {
  const std::size_t stride = std::numeric_limits<std::size_t>::max() / 8;
  expect_refused({data, DType::f32, 9, 4, stride}, "queries");
  expect_refused({data, DType::f32, 4, 4, stride}, "queries");
}

}  // namespace
}  // namespace rattan
