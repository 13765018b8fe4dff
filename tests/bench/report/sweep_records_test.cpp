#include "bench/report/sweep_records.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>

#include "bench/report/json_text.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

using test::expect_error;
using test::small_row;

ReportData small_report() {
  ReportData data;
  data.command = "rattan-bench sweep";
  data.notes = {"ivf left out"};
  data.rows = with_aggregates({small_row("flat", 0, 0.9, 100), small_row("graph", 0, 0.9, 5)});
  data.points = {{"a \"dump\", of two", "graph", 2, 0, "x0.6", 20, 0.91, 0.005}};
  data.ood = {{"a \"dump\", of two", 2, 0, {1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, {0.5, -0.5}, {1, 1}}};
  return data;
}

std::string lines_of(const ReportData& data) {
  std::ostringstream out;
  write_jsonl(out, data);
  return out.str();
}

TEST(SweepRecords, TheSchemaHasEveryFieldOfTheIssueOnce) {
  std::set<std::string> names;
  for (const Field& field : to_record(SweepRow())) EXPECT_TRUE(names.insert(field.name).second) << field.name;
  for (const char* name : {"index",         "layer",           "kv_head", "keys",
                           "dim",           "dtype",           "k",       "target",
                           "setting",       "recall",          "mass",    "output_error",
                           "us_p50",        "us_p99",          "build_s", "recall_worst_head",
                           "scan_fraction", "bytes_per_query", "isa",     "index_bytes",
                           "threads",       "commit",          "seed"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(SweepRecords, MissingNumbersAreNull) {
  const Json json = to_json(to_record(small_row("graph", 0, 0.9, 5)));
  EXPECT_TRUE(json.at("mass").is_null());
  EXPECT_TRUE(json.at("us_p50").is_null());
  EXPECT_EQ(json.at("build_stages").at("links"), 1.0);
  EXPECT_EQ(json.at("layer"), 2);
  EXPECT_EQ(json.size(), to_record(SweepRow()).size());
}

TEST(SweepRecords, LinesReadBackAsWritten) {
  const ReportData data = small_report();
  std::istringstream in(lines_of(data));
  const ReportData back = read_jsonl(in, "rows.jsonl");
  EXPECT_EQ(back.command, data.command);
  EXPECT_EQ(back.notes, data.notes);
  EXPECT_EQ(back.points, data.points);
  EXPECT_EQ(back.ood, data.ood);
  ASSERT_EQ(back.rows.size(), data.rows.size());
  for (std::size_t i = 0; i < data.rows.size(); ++i)
    EXPECT_EQ(to_json(to_record(back.rows[i])), to_json(to_record(data.rows[i])));
  EXPECT_FALSE(back.rows.back().layer);
  EXPECT_TRUE(std::isnan(back.rows.front().mass));
}

TEST(SweepRecords, OneObjectHoldsEverything) {
  std::ostringstream out;
  write_json(out, small_report());
  const Json json = Json::parse(out.str());
  EXPECT_EQ(json.at("rows").size(), 4U);
  EXPECT_EQ(json.at("points").size(), 1U);
  EXPECT_EQ(json.at("ood").size(), 1U);
  EXPECT_EQ(json.at("notes").at(0), "ivf left out");
}

TEST(SweepRecords, BytesThatAreNoTextDoNotLoseTheResult) {
  ReportData data = small_report();
  data.rows.front().source = "dump\xff/layer";
  EXPECT_NO_THROW(lines_of(data));
}

TEST(SweepRecords, UnknownMembersAndRecordsAreSkipped) {
  std::istringstream in("\n{\"record\":\"new\"}\n{\"record\":\"row\",\"index\":\"graph\",\"later\":1}\n");
  EXPECT_EQ(read_jsonl(in, "rows.jsonl").rows.front().index, "graph");
}

TEST(SweepRecords, DamagedFilesAreNamedWithTheLine) {
  for (const char* text : {"{\"record\":\"row\"", "[]", "{\"record\":\"row\",\"keys\":\"many\"}", "{\"record\":5}",
                           "{\"record\":\"row\",\"build_stages\":{\"a\":\"b\"}}"}) {
    std::istringstream in(std::string("{\"record\":\"row\"}\n") + text + "\n");
    expect_error(ErrorCode::corrupt, "rows.jsonl line 2", [&] { read_jsonl(in, "rows.jsonl"); });
  }
  std::istringstream empty("");
  expect_error(ErrorCode::corrupt, "rows.jsonl holds no result rows", [&] { read_jsonl(empty, "rows.jsonl"); });
}

}  // namespace
}  // namespace rattan::bench
