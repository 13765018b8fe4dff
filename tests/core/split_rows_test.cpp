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
  rows.from(1).each_piece(1, rows.rows() - 2, [&](const SplitRows& piece) {
    EXPECT_EQ(piece.cols(), 3U);
    pieces.emplace_back(piece.row(0), piece.rows());
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

// Five rows in pages of two: 4, 0 and half of 2, which lie 13 elements apart.
struct Paged {
  std::vector<float> pool = std::vector<float>(5 * 13);
  std::vector<std::uint32_t> table = {4, 0, 2};
  PageRows pages{reinterpret_cast<const std::byte*>(pool.data()), table.data(), 2, 13 * 4, 5 * 4};

  SplitRows rows() const {
    SplitRows all(MatrixView(nullptr, DType::f32, 1, 3), nullptr, 4);
    all.pages = &pages;
    return all;
  }
  const void* at(std::size_t page, std::size_t row) const { return pool.data() + page * 13 + row * 5; }
};

TEST(SplitRows, RowsInPages) {
  const Paged paged;
  const SplitRows rows = paged.rows();
  const std::vector<const void*> expected = {paged.at(4, 0), paged.at(4, 1), paged.at(0, 0), paged.at(0, 1),
                                             paged.at(2, 0)};
  for (std::size_t begin = 0; begin < 5; ++begin) {
    EXPECT_EQ(rows.row(begin), expected[begin]);
    EXPECT_EQ(rows.from(begin).rows(), 5 - begin);
    std::vector<const void*> addresses(5 - begin);
    rows.write_addresses(begin, 5 - begin, addresses.data());
    EXPECT_EQ(addresses, std::vector(expected.begin() + static_cast<std::ptrdiff_t>(begin), expected.end()));
    rows.from(begin).write_addresses(0, 5 - begin, addresses.data());
    EXPECT_EQ(addresses, std::vector(expected.begin() + static_cast<std::ptrdiff_t>(begin), expected.end()));
  }
  std::vector<std::pair<const void*, std::size_t>> pieces;
  rows.each_piece(0, 5, [&](const SplitRows& piece) {
    EXPECT_EQ(piece.row(piece.rows() - 1), pieces.empty() ? expected[0] : expected[4]);
    pieces.emplace_back(piece.row(0), piece.rows());
  });
  EXPECT_EQ(pieces, (std::vector<std::pair<const void*, std::size_t>>{{expected[0], 1}, {expected[1], 4}}));
}

TEST(SplitRows, RowsInPagesThatAreAbsentLieWhereTheFirstDoes) {
  const Paged paged;
  SplitRows rows = paged.rows().from(1);
  rows.absent_begin = 2;
  rows.absent = 3;
  rows.base.rows += 3;
  ASSERT_EQ(rows.rows(), 7U);
  const std::vector<const void*> expected = {paged.at(4, 1), paged.at(0, 0), paged.at(4, 1), paged.at(4, 1),
                                             paged.at(4, 1), paged.at(0, 1), paged.at(2, 0)};
  std::vector<const void*> addresses(7);
  rows.write_addresses(0, 7, addresses.data());
  EXPECT_EQ(addresses, expected);
}

}  // namespace
}  // namespace rattan
