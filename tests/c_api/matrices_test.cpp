#include "c_api/matrices.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::c_api {
namespace {

using test::expect_error;

constexpr std::array<float, 12> numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

rattan_matrix matrix_of(std::uint64_t rows, std::uint32_t cols) {
  rattan_matrix matrix{};
  matrix.data = numbers.data();
  matrix.dtype = RATTAN_F32;
  matrix.rows = rows;
  matrix.cols = cols;
  return matrix;
}

TEST(Matrices, AreBorrowed) {
  rattan_matrix matrix = matrix_of(3, 2);
  SharedMatrix view = to_matrix(matrix, "m");
  EXPECT_EQ(view.view.data, numbers.data());
  EXPECT_EQ(view.view.row_stride, 2U);
  EXPECT_EQ(view.owner, nullptr);
  matrix.row_stride = 4;
  view = to_matrix(matrix, "m");
  EXPECT_EQ(test::row_values(view.view, 2), (std::vector<double>{8, 9}));
}

TEST(Matrices, OfBlockTablesAreGathered) {
  const std::array<std::uint32_t, 2> table{1, 0};
  rattan_matrix matrix = matrix_of(3, 2);
  matrix.block_table = table.data();
  matrix.block_rows = 2;
  matrix.block_stride = 6;
  matrix.row_stride = 3;
  const SharedMatrix gathered = to_matrix(matrix, "m");
  ASSERT_NE(gathered.owner, nullptr);
  EXPECT_EQ(test::row_values(gathered.view, 0), (std::vector<double>{6, 7}));
  EXPECT_EQ(test::row_values(gathered.view, 1), (std::vector<double>{9, 10}));
  EXPECT_EQ(test::row_values(gathered.view, 2), (std::vector<double>{0, 1}));
}

TEST(Matrices, OfBlockTablesAreReadInPlace) {
  const std::array<std::uint32_t, 2> table{1, 0};
  rattan_matrix matrix = matrix_of(3, 2);
  expect_error(ErrorCode::invalid_argument, "m.block_table", [&] { to_pages(matrix, "m"); });
  matrix.block_table = table.data();
  expect_error(ErrorCode::invalid_argument, "all[0].block_rows", [&] { to_all_pages(&matrix, 1, "all"); });
  matrix.block_rows = 2;
  const PagedRows pages = to_all_pages(&matrix, 1, "all").front();
  EXPECT_EQ(pages.data, numbers.data());
  EXPECT_EQ(pages.table.data(), table.data());
  EXPECT_EQ(pages.table.size(), 2U);
  EXPECT_EQ(pages.row_stride, 2U);
  EXPECT_EQ(pages.block_stride, 4U);
}

TEST(Matrices, ABlockStrideOfZeroIsThatOfDenseBlocks) {  // defect: every row came from block 0
  const std::array<std::uint32_t, 3> table{2, 0, 1};
  rattan_matrix matrix = matrix_of(5, 2);
  matrix.block_table = table.data();
  matrix.block_rows = 2;
  EXPECT_EQ(test::row_values(to_matrix(matrix, "m").view, 0), (std::vector<double>{8, 9}));
  EXPECT_EQ(test::row_values(to_matrix(matrix, "m").view, 4), (std::vector<double>{4, 5}));
  matrix.row_stride = 3;
  matrix.block_rows = 1;
  matrix.rows = 3;
  EXPECT_EQ(test::row_values(to_matrix(matrix, "m").view, 0), (std::vector<double>{6, 7}));
}

TEST(Matrices, ThatCannotBeAreRefusedByName) {
  const auto expect_bad = [](const char* member, const auto& spoil) {
    rattan_matrix matrix = matrix_of(3, 2);
    spoil(matrix);
    expect_error(ErrorCode::invalid_argument, member, [&] { to_matrix(matrix, "m"); });
  };
  const std::array<std::uint32_t, 2> table{1, 0};
  expect_bad("m.dtype", [](auto& m) { m.dtype = 3; });
  expect_bad("m.dtype", [](auto& m) { m.dtype = 256; });
  expect_bad("m.data", [](auto& m) { m.data = nullptr; });
  expect_bad("m.rows", [](auto& m) { m.rows = ~std::uint64_t{0}; });
  expect_bad("m.row_stride", [](auto& m) { m.row_stride = 1; });
  expect_bad("m.row_stride", [](auto& m) { m.row_stride = ~std::uint64_t{0}; });
  expect_bad("m.block_rows", [&](auto& m) { m.block_table = table.data(); });
  expect_bad("m.block_stride", [&](auto& m) {
    m.block_table = table.data();
    m.block_rows = 2;
    m.block_stride = ~std::uint64_t{0};
  });
  const auto paged = [&](auto& m) {
    m.block_table = table.data();
    m.block_rows = 2;
  };
  expect_bad("m.block_stride", [&](auto& m) { paged(m), m.block_stride = 1; });  // blocks that overlap
  expect_bad("m.block_rows", [&](auto& m) { paged(m), m.block_rows = ~std::uint64_t{0}; });
  expect_bad("m.block_rows", [&](auto& m) {  // a block_stride of 0 that would wrap around
    paged(m), m.block_rows = std::uint64_t{1} << 30, m.row_stride = std::uint64_t{1} << 35;
  });
  expect_bad("m.data", [&](auto& m) { paged(m), m.data = nullptr; });
  expect_bad("m.row_stride", [&](auto& m) { paged(m), m.row_stride = 1; });
}

TEST(Matrices, ComeInArrays) {
  const std::array<rattan_matrix, 2> two{matrix_of(3, 2), matrix_of(2, 3)};
  const auto views = to_matrices(two.data(), 2, "all");
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[1].view.cols, 3U);
  EXPECT_TRUE(to_matrices(nullptr, 0, "all").empty());
  std::array<rattan_matrix, 2> bad = two;
  bad[1].dtype = 9;
  expect_error(ErrorCode::invalid_argument, "all[1].dtype", [&] { to_matrices(bad.data(), 2, "all"); });
}

}  // namespace
}  // namespace rattan::c_api
