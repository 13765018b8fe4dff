#include "scan/finite.h"

#include <gtest/gtest.h>

#include <cmath>
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

}  // namespace
}  // namespace rattan
