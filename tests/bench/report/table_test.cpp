#include "bench/report/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace rattan::bench {
namespace {

const Record like = {{"name", "", show_text("name")},
                     {"hidden", 1},
                     {"share", Value(), show_percent("share")},
                     {"bytes", 0, show_fixed("KB", 1, 1e-3)}};

TEST(Table, ShowsTheShownFieldsByNameAndADashWhereThereIsNone) {
  const std::vector<Record> records = {
      {{"bytes", 2500, show_fixed("KB", 1, 1e-3)}, {"name", "graph", show_text("name")}, {"hidden", 3}},
      {{"name", Value(), show_text("name")}, {"share", 0.5, show_given("share", "50 %*")}}};
  const Table table = make_table(like, records);
  ASSERT_EQ(table.columns.size(), 3U);
  EXPECT_EQ(table.columns[0].title, "name");
  EXPECT_FALSE(table.columns[0].right);
  EXPECT_TRUE(table.columns[2].right);
  EXPECT_EQ(table.lines[0], (std::vector<std::string>{"graph", "-", "2.5"}));
  EXPECT_EQ(table.lines[1], (std::vector<std::string>{"-", "50 %*", "-"}));
}

TEST(Table, MarkdownWithoutRecordsHasItsHead) {
  std::ostringstream out;
  write_markdown(out, like, {});
  EXPECT_EQ(out.str(), "| name | share |  KB |\n|:-----|------:|----:|\n");
  std::ostringstream nothing;
  write_markdown(nothing, {});
  EXPECT_EQ(nothing.str(), "");
}

}  // namespace
}  // namespace rattan::bench
