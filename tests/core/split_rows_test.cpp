#include "core/split_rows.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace rattan {
namespace {

TEST(SplitRows, RowsGoOnWhereTheBaseEnds) {
  const std::vector<float> base(12);
  const std::vector<float> first(3 * ChunkRows::chunk_rows);
  const std::vector<float> second(first.size());
  const std::byte* const chunks[] = {reinterpret_cast<const std::byte*>(first.data()),
                                     reinterpret_cast<const std::byte*>(second.data())};
  const SplitRows rows(MatrixView(base.data(), DType::f32, 3, 3, 4), chunks, ChunkRows::chunk_rows + 2);
  EXPECT_EQ(rows.rows(), 3 + ChunkRows::chunk_rows + 2);
  EXPECT_EQ(rows.cols(), 3U);
  EXPECT_EQ(rows.row_bytes(), 12U);
  EXPECT_EQ(rows.row(2), base.data() + 8);
  EXPECT_EQ(rows.row(3), first.data());
  EXPECT_EQ(rows.row(4), first.data() + 3);
  EXPECT_EQ(rows.row(3 + ChunkRows::chunk_rows), second.data());
  EXPECT_EQ(rows.from(5).row(0), first.data() + 6);
  EXPECT_EQ(rows.from(5).row(ChunkRows::chunk_rows - 2), second.data());

  std::vector<std::pair<const void*, std::size_t>> pieces;
  rows.from(1).each_piece(1, rows.rows() - 2, [&](const MatrixView& piece) {
    EXPECT_EQ(piece.cols, 3U);
    pieces.emplace_back(piece.data, piece.rows);
  });
  const std::vector<std::pair<const void*, std::size_t>> expected = {
      {base.data() + 8, 1}, {first.data(), ChunkRows::chunk_rows}, {second.data(), 1}};
  EXPECT_EQ(pieces, expected);
}

TEST(SplitRows, ABaseAlone) {
  const std::vector<float> base(12);
  const SplitRows rows(MatrixView(base.data(), DType::f32, 3, 4));
  EXPECT_EQ(rows.rows(), 3U);
  EXPECT_EQ(rows.row(1), base.data() + 4);
}

}  // namespace
}  // namespace rattan
