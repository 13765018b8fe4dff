#include "bench/report/head_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace rattan::bench {
namespace {

QueryHeadRow query_head(std::size_t head, double far_mass) {
  QueryHeadRow row;
  row.source = "dump";
  row.layer = 3;
  row.query_head = head;
  row.dtype = "bf16";
  row.statistics.far_mass = far_mass;
  row.statistics.n90 = 40;
  return row;
}

TEST(HeadTable, AKvHeadIsALineWithTheRangeOverItsQueryHeads) {
  std::ostringstream out;
  write_heads(out, Format::markdown, {query_head(0, 0.25), query_head(1, 0.75)});
  EXPECT_NE(out.str().find("### dump"), std::string::npos);
  EXPECT_NE(out.str().find("| 0.25 to 0.75 | 40 "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("| 3     | 0 "), std::string::npos) << out.str();
}

TEST(HeadTable, OtherFormatsHaveARecordPerQueryHead) {
  std::ostringstream out;
  write_heads(out, Format::csv, {query_head(0, 0.25), query_head(1, 0.75)});
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

}  // namespace
}  // namespace rattan::bench
