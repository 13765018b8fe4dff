#include "core/page_rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/errors.h"

namespace rattan {
namespace {

PageRows pages_of(const std::vector<float>& pool, const std::vector<std::uint32_t>& table, std::uint32_t page_rows) {
  PagedRows rows;
  rows.data = pool.data();
  rows.cols = 2;
  rows.row_stride = 3;
  rows.rows = table.size() * page_rows;
  rows.table = table;
  rows.block_rows = page_rows;
  return checked_pages(rows, "rows.");
}

TEST(PageRows, RowsLieWhereTheTableSays) {
  const std::vector<float> pool(200);
  for (const std::uint32_t page_rows : {1U, 3U, 16U}) {
    const std::vector<std::uint32_t> table = {2, 0, 1};
    const PageRows pages = pages_of(pool, table, page_rows);
    std::vector<const void*> addresses(3 * std::size_t{page_rows});
    pages.write_addresses(0, addresses.size(), addresses.data());
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const void* const expected = pool.data() + (table[i / page_rows] * page_rows + i % page_rows) * 3;
      EXPECT_EQ(addresses[i], expected) << page_rows << ", " << i;
      EXPECT_EQ(pages.row(i), expected) << page_rows << ", " << i;
    }
  }
}

TEST(PageRows, AreConsecutiveWhereTablesAndStridesSaySo) {
  const std::vector<float> pool(200);
  PageRows pages = pages_of(pool, {}, 4);
  const std::vector<std::uint32_t> table = {3, 4, 5, 1, 2};
  pages.table = table.data();
  EXPECT_TRUE(pages.consecutive(0, 0));
  EXPECT_TRUE(pages.consecutive(0, 12));
  EXPECT_TRUE(pages.consecutive(13, 7));
  EXPECT_FALSE(pages.consecutive(0, 13));
  pages.page_bytes += 4;
  EXPECT_TRUE(pages.consecutive(4, 4));
  EXPECT_FALSE(pages.consecutive(3, 2));
}

TEST(PageRows, AreLargerThanAllRows) {
  const std::vector<float> pool(6);
  const std::vector<std::uint32_t> table = {0};
  PagedRows rows;
  rows.data = pool.data();
  rows.cols = rows.row_stride = 2;
  rows.rows = 3;
  rows.table = table;
  rows.block_rows = std::size_t{1} << 40;
  EXPECT_EQ(checked_pages(rows, "").row(2), static_cast<const void*>(pool.data() + 4));
}

TEST(PageRows, ErrorsNameTheMatrixAndItsMember) {
  PagedRows rows;
  rows.cols = 4;
  rows.row_stride = 3;
  rows.block_rows = 2;
  test::expect_error(ErrorCode::invalid_argument, "keys[3].row_stride", [&] { checked_pages(rows, "keys[3]."); });
}

}  // namespace
}  // namespace rattan
