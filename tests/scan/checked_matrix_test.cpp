#include "scan/checked_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// FAULTS D1, D2: a NaN or infinity anywhere in a row, whatever its length and address.
TEST(CheckFinite, FindsEveryElement) {
  for (const DType dtype : test::all_dtypes) {
    for (std::size_t cols = 1; cols <= 37; ++cols) {
      const SharedMatrix matrix = test::at_offset(test::random_matrix(3, cols, 1, dtype).view, cols % 5);
      ASSERT_NO_THROW(check_finite(matrix.view, "keys", serial_executor()));
      for (std::size_t col = 0; col < cols; ++col) {
        for (const float bad : {nan, -nan, infinity, -infinity}) {
          const auto good = static_cast<float>(test::element(matrix.view, 1, col));
          test::set_element(matrix, 1, col, bad);
          test::expect_error(ErrorCode::invalid_argument, "keys: row 1, column " + std::to_string(col) + " ",
                             [&] { check_finite(matrix.view, "keys", serial_executor()); });
          test::set_element(matrix, 1, col, good);
        }
      }
    }
  }
}

TEST(CheckFinite, AcceptsTheLargestAndSmallestNumbers) {
  const float f32[] = {std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(),
                       std::numeric_limits<float>::denorm_min(), -0.0F};
  const float f16[] = {65504.0F, -65504.0F, 0x1p-24F, -0.0F};
  const float bf16[] = {0x1.fep127F, -0x1.fep127F, 0x1p-133F, -0.0F};
  EXPECT_NO_THROW(check_finite(test::make_matrix(f32, 1, 4, DType::f32).view, "keys", serial_executor()));
  EXPECT_NO_THROW(check_finite(test::make_matrix(f16, 1, 4, DType::f16).view, "keys", serial_executor()));
  EXPECT_NO_THROW(check_finite(test::make_matrix(bf16, 1, 4, DType::bf16).view, "keys", serial_executor()));
}

TEST(CheckFinite, FindsNumbersFrom2To24OnWhereThoseAreNotAllowed) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const SharedMatrix matrix = test::random_matrix(3, 37, 1, dtype);
    for (std::size_t col = 0; col < 37; ++col) {
      const auto good = static_cast<float>(test::element(matrix.view, 1, col));
      for (const float bad : {0x1p24F, -0x1p24F, 1e30F, nan, infinity}) {
        test::set_element(matrix, 1, col, bad);
        test::expect_error(ErrorCode::invalid_argument, "keys: row 1, column " + std::to_string(col) + " ",
                           [&] { check_finite(matrix.view, "keys", serial_executor(), Allowed::below_2_24); });
      }
      test::set_element(matrix, 1, col, -0x1.fcp23F);
      EXPECT_NO_THROW(check_finite(matrix.view, "keys", serial_executor(), Allowed::below_2_24));
      test::set_element(matrix, 1, col, good);
    }
  }
  const float f16[] = {65504.0F, -65504.0F, 0x1p-24F, -0.0F};
  EXPECT_NO_THROW(
      check_finite(test::make_matrix(f16, 1, 4, DType::f16).view, "keys", serial_executor(), Allowed::below_2_24));
}

TEST(CheckFinite, DoesNotReadBetweenRows) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix matrix = test::random_matrix(50, 13, 2, dtype, 17);
    EXPECT_NO_THROW(check_finite(matrix.view, "keys", serial_executor()));
    EXPECT_NO_THROW(check_finite(matrix.view.every(3), "keys", serial_executor()));
  }
}

TEST(CheckFinite, NamesTheLowestRowForAnyNumberOfThreads) {
  const SharedMatrix matrix = test::random_matrix(20000, 64, 3, DType::f16);
  for (const std::size_t row : {4111U, 4112U, 9000U, 19999U}) test::set_element(matrix, row, 63, nan);
  test::set_element(matrix, 4111, 5, infinity);
  for (unsigned threads = 1; threads <= 5; ++threads) {
    const std::unique_ptr<Executor> executor = make_openmp_executor(threads);
    test::expect_error(ErrorCode::invalid_argument, "queries: row 4111, column 5 ",
                       [&] { check_finite(matrix.view, "queries", *executor); });
  }
}

class LastTaskFirst final : public Executor {
 public:
  unsigned workers() const noexcept override { return 1; }
  void run(std::size_t tasks, const Task& task) override {
    while (tasks > 0) task(--tasks, 0);
  }
};

TEST(CheckFinite, NamesTheLowestRowForAnyOrderOfTasks) {
  const SharedMatrix matrix = test::random_matrix(20000, 64, 4, DType::f16);
  for (const std::size_t row : {300U, 301U, 9000U, 19999U}) test::set_element(matrix, row, 1, nan);
  LastTaskFirst executor;
  test::expect_error(ErrorCode::invalid_argument, "keys: row 300, column 1 ",
                     [&] { check_finite(matrix.view, "keys", executor); });
}

TEST(CheckFinite, AcceptsEmptyMatrices) {
  EXPECT_NO_THROW(check_finite(MatrixView(), "keys", serial_executor()));
  EXPECT_NO_THROW(check_finite(MatrixView(nullptr, DType::f16, 0, 64), "keys", serial_executor()));
  EXPECT_NO_THROW(check_finite(MatrixView(nullptr, DType::f16, 5, 0), "keys", serial_executor()));
}

TEST(CheckView, RefusesViewsThatCannotBeRead) {
  const float values[8] = {};
  const auto check = [](MatrixView view) { return [view] { check_view(view, "keys"); }; };
  test::expect_error(ErrorCode::invalid_argument, "keys: data is null", check({nullptr, DType::f32, 2, 4}));
  test::expect_error(ErrorCode::invalid_argument, "keys: row_stride is 3", check({values, DType::f32, 2, 4, 3}));
  test::expect_error(ErrorCode::invalid_argument, "keys: dtype is 7", check({values, static_cast<DType>(7), 2, 4}));
  EXPECT_NO_THROW(check_view({values, DType::f32, 2, 4}, "keys"));
}

constexpr float data[12] = {};

void expect_refused(const MatrixView& matrix, std::string_view part) {
  test::expect_error(ErrorCode::invalid_argument, part, [&] { check_matrix(matrix, "queries"); });
}

TEST(CheckMatrix, GoodMatricesPass) {
  check_matrix({data, DType::f32, 3, 4}, "keys");
  check_matrix({data, DType::f32, 2, 4, 6}, "keys");
  check_matrix({nullptr, DType::f32, 0, 4}, "keys");
}

TEST(CheckMatrix, BadViewsAreNamed) {
  expect_refused({nullptr, DType::f32, 3, 4}, "queries");
  expect_refused({data, DType::f32, 3, 4, 3}, "queries");
  expect_refused({data, static_cast<DType>(7), 3, 4}, "queries");
}

// FAULTS A13: lower bounds on every field; A18: hard caps.
TEST(CheckMatrix, A13_A18_ColumnsHaveBounds) {
  expect_refused({data, DType::f32, 3, 0}, "queries.cols is 0");
  expect_refused({nullptr, DType::f32, 0, 0}, "queries.cols is 0");
  expect_refused({data, DType::f32, 1, 65537}, "queries.cols is 65537");
}

// FAULTS C5.
TEST(CheckMatrix, C5_RowsAreNoMoreThanIdsCanName) {
  check_matrix({data, DType::f32, no_key, 1}, "queries");
  expect_refused({data, DType::f32, std::size_t{no_key} + 1, 1}, "queries.rows");
}

// FAULTS A2.
TEST(CheckMatrix, A2_SizesThatWrapAreRefused) {
  const std::size_t stride = std::numeric_limits<std::size_t>::max() / 8;
  expect_refused({data, DType::f32, 9, 4, stride}, "queries");
  expect_refused({data, DType::f32, 4, 4, stride}, "queries");
}

TEST(CheckedMatrix, TakesWhatIsSoundAndItsParts) {
  const SharedMatrix keys = test::random_matrix(10, 4, 1, DType::f16);
  const CheckedMatrix checked(keys, "keys", serial_executor());
  EXPECT_EQ(checked.view().data, keys.view.data);
  EXPECT_EQ(checked.shared().owner, keys.owner);
  EXPECT_EQ(checked.slice(3, 5).view().row(0), keys.view.row(3));
  EXPECT_EQ(checked.slice(3, 5).rows(), 5U);
  EXPECT_EQ(checked.every(4).rows(), 3U);
  EXPECT_EQ(checked.every(4).view().row(2), keys.view.row(8));
  EXPECT_EQ(CheckedMatrix().rows(), 0U);
}

TEST(CheckedMatrix, RefusesShapesAndElements) {
  const SharedMatrix keys = test::random_matrix(10, 4, 1, DType::f16);
  const auto check = [](const SharedMatrix& matrix) {
    return [&matrix] { CheckedMatrix(matrix, "keys", serial_executor()); };
  };
  const SharedMatrix narrow{MatrixView(keys.view.data, DType::f16, 10, 0), keys.owner};
  test::expect_error(ErrorCode::invalid_argument, "keys.cols is 0", check(narrow));
  test::set_element(keys, 7, 2, nan);
  test::expect_error(ErrorCode::invalid_argument, "keys: row 7, column 2 ", check(keys));
}

}  // namespace
}  // namespace rattan
