#include "bench/report/attend_summary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rattan::bench {
namespace {

Json record(Json k, Json epsilon, double keys, Json error) {
  return {{"layer", 0},         {"kv_head", 1},          {"index", "exact"},         {"k", k},
          {"epsilon", epsilon}, {"estimate", "on"},      {"keys_retrieved", keys},   {"mass", 0.5},
          {"unread", 0.1},      {"output_error", error}, {"estimate_error", nullptr}};
}

TEST(AttendSummary, MeansOfEverySettingAndErrorAtEqualKeys) {
  const std::vector<Json> records = {record(10, nullptr, 10, 0.4),      record(1000, nullptr, 1000, 0.02),
                                     record(nullptr, 0.1, 150, 0.03),   record(10, nullptr, 10, 0.2),
                                     record(1000, nullptr, 1000, 0.04), record(nullptr, 0.1, 50, 0.01)};
  const std::vector<Json> rows = attend_summary(records);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["layer"], "all");
  EXPECT_EQ(rows[0]["k"], 10);
  EXPECT_NEAR(rows[0]["output_error"].get<double>(), 0.3, 1e-12);
  EXPECT_NEAR(rows[1]["output_error"].get<double>(), 0.03, 1e-12);
  EXPECT_TRUE(rows[1]["fixed_error"].is_null());
  EXPECT_TRUE(rows[1]["estimate_error"].is_null());
  EXPECT_EQ(rows[2]["epsilon"], 0.1);
  EXPECT_EQ(rows[2]["keys_retrieved"], 100);
  EXPECT_NEAR(rows[2]["output_error"].get<double>(), 0.02, 1e-12);
  EXPECT_NEAR(rows[2]["fixed_error"].get<double>(), std::sqrt(0.3 * 0.03), 1e-9);
}

TEST(AttendSummary, NoErrorOutsideTheCurve) {
  const std::vector<Json> rows = attend_summary({record(10, nullptr, 10, 0.4), record(20, nullptr, 20, 0.3),
                                                 record(nullptr, 0.1, 30, 0.3), record(nullptr, 0.2, 5, nullptr)});
  EXPECT_TRUE(rows[2]["fixed_error"].is_null());
  EXPECT_TRUE(rows[3]["output_error"].is_null());
  EXPECT_TRUE(attend_summary({}).empty());
}

}  // namespace
}  // namespace rattan::bench
