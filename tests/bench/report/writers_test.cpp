#include "bench/report/writers.h"

#include <gtest/gtest.h>

#include <sstream>

#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

const std::vector<Json> records = {{{"name", "a|b"}, {"share", 0.0183}, {"count", 7}},
                                   {{"name", "µs, \"quoted\""}, {"share", nullptr}, {"count", 12345}}};

std::vector<Column> columns() {
  return {text_column("name", "name"), percent_column("share", "share"), fixed_column("count", "count", 1)};
}

std::string written(Format format) {
  std::ostringstream out;
  write_records(out, format, columns(), records);
  return out.str();
}

TEST(Writers, MarkdownColumnsAreAligned) {
  EXPECT_EQ(written(Format::markdown),
            "| name         |  share |   count |\n"
            "|:-------------|-------:|--------:|\n"
            "| a\\|b         | 1.83 % |     7.0 |\n"
            "| µs, \"quoted\" |      - | 12345.0 |\n");
}

TEST(Writers, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(written(Format::csv), "name,share,count\na|b,0.0183,7\n\"µs, \"\"quoted\"\"\",,12345\n");
}

TEST(Writers, CsvFlattensObjectsAndArrays) {
  std::ostringstream out;
  write_csv(out, {{{"stages", {{"links", 1.5}, {"prune", 2}}}, {"list", {1, 2}}}});
  EXPECT_EQ(out.str(), "stages,list\nlinks=1.5;prune=2,1;2\n");
}

TEST(Writers, JsonAndLinesParse) {
  EXPECT_EQ(Json::parse(written(Format::json)), Json(records));
  std::istringstream lines(written(Format::jsonl));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(Json::parse(line), records[count]);
  EXPECT_EQ(count, records.size());
}

TEST(Writers, NothingToWriteIsStillAnAnswer) {
  std::ostringstream csv;
  write_csv(csv, {});
  EXPECT_EQ(csv.str(), "");
  std::ostringstream markdown;
  write_markdown(markdown, columns(), {});
  EXPECT_EQ(markdown.str(), "| name | share | count |\n|:-----|------:|------:|\n");
}

TEST(Writers, FormatsByName) {
  EXPECT_EQ(parse_format("md"), Format::markdown);
  EXPECT_EQ(parse_format("jsonl"), Format::jsonl);
  EXPECT_THROW(parse_format("xml"), UsageError);
}

}  // namespace
}  // namespace rattan::bench
