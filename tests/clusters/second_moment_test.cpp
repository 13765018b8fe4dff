#include "clusters/second_moment.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

TEST(SecondMoment, IsTheMeanOfProducts) {
  for (const std::size_t rows : {1U, 255U, 256U, 700U}) {
    const SharedMatrix matrix = random_matrix(rows, 11, 1);
    SecondMoment moment(11);
    for (std::size_t i = 0; i < rows; ++i) moment.add({static_cast<const float*>(matrix.view.row(i)), 11});
    const std::vector<double> mean = moment.mean();
    for (std::size_t a = 0; a < 11; ++a) {
      for (std::size_t b = 0; b < 11; ++b) {
        double sum = 0;
        for (std::size_t i = 0; i < rows; ++i) sum += element(matrix.view, i, a) * element(matrix.view, i, b);
        EXPECT_NEAR(mean[a * 11 + b], sum / static_cast<double>(rows), 1e-5);
      }
    }
  }
}

TEST(SecondMoment, NothingAndBadRows) {
  SecondMoment moment(3);
  EXPECT_EQ(moment.mean(), std::vector<double>(9));
  const float row[2] = {};
  expect_error(ErrorCode::invalid_argument, "row", [&] { moment.add(row); });
}

}  // namespace
}  // namespace rattan::test
