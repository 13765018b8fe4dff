#include "bench/report/decode_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace rattan::bench {
namespace {

DecodeRow row(const char* source, const char* way, std::uint64_t keys, double us) {
  DecodeRow row;
  row.source = source;
  row.way = way;
  row.estimate = "off";
  row.keys = keys;
  row.us.p50 = us;
  return row;
}

TEST(DecodeTable, RowsAreComparedWithFullAndFlatOfTheirSource) {
  std::vector<DecodeRow> rows = {row("short", "full", 1000, 100), row("short", "flat", 1000, 50),
                                 row("short", "graph", 1000, 20), row("long", "full", 4000, 400),
                                 row("long", "flat", 4000, 200),  row("long", "graph", 4000, 40)};
  compare_rows(rows);
  EXPECT_DOUBLE_EQ(rows[0].times_faster_than_full, 1);
  EXPECT_DOUBLE_EQ(rows[5].times_faster_than_full, 10);
  EXPECT_DOUBLE_EQ(rows[5].times_faster_than_flat, 5);
  EXPECT_NEAR(rows[0].growth_exponent, 1, 1e-12);
  EXPECT_NEAR(rows[5].growth_exponent, 0.5, 1e-12);
}

TEST(DecodeTable, WithoutFlatOrGrowthThereIsNothingToCompare) {
  std::vector<DecodeRow> rows = {row("short", "full", 1000, 100), row("short", "graph", 1000, 20)};
  compare_rows(rows);
  EXPECT_TRUE(std::isnan(rows[1].times_faster_than_flat));
  EXPECT_TRUE(std::isnan(rows[1].growth_exponent));
  std::ostringstream out;
  write_decode(out, Format::jsonl, rows);
  EXPECT_NE(out.str().find("\"times_faster_than_flat\":null"), std::string::npos);
}

}  // namespace
}  // namespace rattan::bench
