#include "evaluate/double_tile.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

std::vector<double> normals(std::size_t count, std::uint64_t seed) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = random_normal(seed, i);
  return values;
}

TEST(DoubleTile, ReadsEveryDtypeExactly) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix matrix = test::random_matrix(9, 7, 3, dtype, 11);
    WideningReader reader(matrix.view);
    std::vector<double> rows(4 * 7);
    std::vector<double> columns(7 * 6, -1.0);
    reader.rows(3, 4, rows.data());
    reader.columns(3, 4, columns.data(), 6);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t c = 0; c < 7; ++c) {
        EXPECT_EQ(rows[i * 7 + c], test::element(matrix.view, 3 + i, c));
        EXPECT_EQ(columns[c * 6 + i], rows[i * 7 + c]);
      }
    }
    for (std::size_t c = 0; c < 7; ++c) EXPECT_EQ(columns[c * 6 + 5], 0.0);
  }
}

TEST(DoubleTile, MultipliesRaggedShapes) {
  for (const auto& [rows, depth, n] :
       {std::array<std::size_t, 3>{1, 1, 1}, {4, 8, 4}, {5, 300, 7}, {32, 128, 128}, {3, 513, 130}, {7, 257, 2}}) {
    const auto a = normals(rows * depth, 1);
    const auto b = normals(depth * n, 2);
    auto out = normals(rows * n, 3);
    const auto before = out;
    multiply_add(a.data(), rows, depth, b.data(), n, out.data());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double expected = before[i * n + j];
        for (std::size_t l = 0; l < depth; ++l) expected += a[i * depth + l] * b[l * n + j];
        EXPECT_NEAR(out[i * n + j], expected, 1e-11) << rows << "x" << depth << "x" << n;
      }
    }
  }
}

TEST(DoubleTile, EmptyShapesChangeNothing) {
  double out = 5;
  multiply_add(nullptr, 0, 4, nullptr, 0, &out);
  multiply_add(nullptr, 1, 0, nullptr, 1, &out);
  EXPECT_EQ(out, 5);
}

}  // namespace
}  // namespace rattan
