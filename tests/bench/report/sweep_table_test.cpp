#include "bench/report/sweep_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_row;

ReportData small_report() {
  ReportData data;
  data.notes = {"ivf left out"};
  std::vector<SweepRow> rows = {small_row("flat", 0, 0.95, 250), small_row("graph", 0, 0.95, 20),
                                small_row("flat", 1, 0.95, 250), small_row("graph", 1, 0.95, 80)};
  rows.back().reached = false;
  data.rows = with_aggregates(std::move(rows));
  return data;
}

std::string written(Format format) {
  std::ostringstream out;
  write_report(out, format, small_report());
  return out.str();
}

TEST(SweepTable, MarkdownSaysWhatIsMeasuredAndMarksWhatIsMissed) {
  const std::string text = written(Format::markdown);
  EXPECT_NE(text.find("### a \"dump\", of two\n\n1000 keys of 64 x bf16, 4 query heads per KV head, k = 100"),
            std::string::npos);
  EXPECT_NE(text.find("commit abc"), std::string::npos);
  EXPECT_NE(text.find("| graph |     2 |   1 |   0.95 | 0.960* "), std::string::npos) << text;
  EXPECT_NE(text.find("| graph |   all | all |"), std::string::npos);
  EXPECT_NE(text.find("ivf left out"), std::string::npos);
}

TEST(SweepTable, AllRowsShowTheGeometricMeanOfTheScans) {
  EXPECT_NE(written(Format::markdown).find("| graph |   all | all |   0.95 | 0.960* | 0.960 | 4.00 % |"),
            std::string::npos)
      << written(Format::markdown);
}

TEST(SweepTable, CsvHasEveryRow) {
  const std::string text = written(Format::csv);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 + 2);
}

}  // namespace
}  // namespace rattan::bench
