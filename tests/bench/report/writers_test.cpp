#include "bench/report/writers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "bench/inputs/usage_error.h"
#include "bench/report/json_text.h"

namespace rattan::bench {
namespace {

std::vector<Record> small_records() {
  const auto record = [](const char* name, Value share, int count) -> Record {
    return {{"name", name, show_text("name")},
            {"share", std::move(share), show_percent("share")},
            {"count", count, show_fixed("count", 1)}};
  };
  return {record("a|b", 0.0183, 7), record("µs, \"quoted\"", {}, 12345)};
}

std::string written(Format format) {
  std::ostringstream out;
  write_records(out, format, small_records());
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

TEST(Writers, CsvFlattensNamedNumbersAndLists) {
  std::ostringstream out;
  write_csv(out, {{{"stages", Value::NamedNumbers{{"links", 1.5}, {"prune", 2}}},
                   {"parts", Value::NamedCounts{{"edges", 7}, {"codes", 2}}},
                   {"list", Value::Numbers{1, 2}}}});
  EXPECT_EQ(out.str(), "stages,parts,list\nlinks=1.5;prune=2.0,edges=7;codes=2,1.0;2.0\n");
}

TEST(Writers, CsvHasTheFieldsOfTheFirstRecordByName) {
  std::ostringstream out;
  write_csv(out, {{{"a", 1}, {"b", 2}}, {{"b", 3}, {"c", 4}}});
  EXPECT_EQ(out.str(), "a,b\n1,2\n,3\n");
}

TEST(Writers, JsonAndLinesParse) {
  Json expected = Json::array();
  for (const Record& record : small_records()) expected.push_back(to_json(record));
  EXPECT_EQ(Json::parse(written(Format::json)), expected);
  std::istringstream lines(written(Format::jsonl));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(Json::parse(line), expected[count]);
  EXPECT_EQ(count, expected.size());
}

TEST(Writers, NothingToWriteIsStillAnAnswer) {
  for (const Format format : {Format::markdown, Format::csv, Format::jsonl}) {
    std::ostringstream out;
    write_records(out, format, {});
    EXPECT_EQ(out.str(), "");
  }
  std::ostringstream json;
  write_records(json, Format::json, {});
  EXPECT_EQ(json.str(), "[]\n");
}

TEST(Writers, OnlyLinesAreThereBeforeTheEnd) {
  for (const Format format : {Format::markdown, Format::csv, Format::json, Format::jsonl}) {
    std::ostringstream out;
    RecordStream stream(out, format);
    std::size_t lines = 0;
    for (const Record& record : small_records()) {
      stream.add(record);
      ++lines;
      const std::string text = out.str();
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), format == Format::jsonl ? lines : 0U);
    }
    stream.finish();
    EXPECT_EQ(out.str(), written(format));
  }
}

TEST(Writers, FormatsByName) {
  EXPECT_EQ(parse_format("md"), Format::markdown);
  EXPECT_EQ(parse_format("jsonl"), Format::jsonl);
  EXPECT_THROW(parse_format("xml"), UsageError);
}

}  // namespace
}  // namespace rattan::bench
