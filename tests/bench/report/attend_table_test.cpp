#include "bench/report/attend_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rattan::bench {
namespace {

AttendRow row(std::optional<std::uint64_t> k, std::optional<double> epsilon, double keys, double error) {
  AttendRow row;
  row.layer = 0;
  row.kv_head = 1;
  row.index = "exact";
  row.k = k;
  row.epsilon = epsilon;
  row.estimate = "on";
  row.keys_retrieved = keys;
  row.mass = 0.5;
  row.unread = 0.1;
  row.output_error = error;
  return row;
}

Value value_of(const Record& record, const char* name) { return find_field(record, name)->value; }

TEST(AttendTable, MeansOfEverySettingAndErrorAtEqualKeys) {
  const std::vector<AttendRow> rows = {row(10, {}, 10, 0.4), row(1000, {}, 1000, 0.02), row({}, 0.1, 150, 0.03),
                                       row(10, {}, 10, 0.2), row(1000, {}, 1000, 0.04), row({}, 0.1, 50, 0.01)};
  const std::vector<AttendRow> means = mean_rows(rows);
  ASSERT_EQ(means.size(), 3U);
  EXPECT_EQ(value_of(to_record(means[0]), "layer"), Value("all"));
  EXPECT_EQ(means[0].k, 10U);
  EXPECT_NEAR(means[0].output_error, 0.3, 1e-12);
  EXPECT_NEAR(means[1].output_error, 0.03, 1e-12);
  EXPECT_FALSE(value_of(to_record(means[1]), "fixed_error").measured());
  EXPECT_FALSE(value_of(to_record(means[1]), "estimate_error").measured());
  EXPECT_EQ(means[2].epsilon, 0.1);
  EXPECT_EQ(means[2].keys_retrieved, 100);
  EXPECT_NEAR(means[2].output_error, 0.02, 1e-12);
  EXPECT_NEAR(means[2].fixed_error, std::sqrt(0.3 * 0.03), 1e-9);
}

TEST(AttendTable, NoErrorOutsideTheCurve) {
  const std::vector<AttendRow> means =
      mean_rows({row(10, {}, 10, 0.4), row(20, {}, 20, 0.3), row({}, 0.1, 30, 0.3), row({}, 0.2, 5, not_measured)});
  EXPECT_TRUE(std::isnan(means[2].fixed_error));
  EXPECT_TRUE(std::isnan(means[3].output_error));
  EXPECT_TRUE(mean_rows({}).empty());
}

TEST(AttendTable, TimesAreBesideFullAndFlat) {
  AttendRow timed = row(10, {}, 10, 0.4);
  timed.us_p50 = 50;
  timed.us_full = 400;
  timed.us_flat = 100;
  const Record record = to_record(timed);
  EXPECT_EQ(value_of(record, "times_faster_than_full"), Value(8.0));
  EXPECT_EQ(value_of(record, "times_faster_than_flat"), Value(2.0));
  EXPECT_FALSE(value_of(to_record(row(10, {}, 10, 0.4)), "times_faster_than_full").measured());
}

}  // namespace
}  // namespace rattan::bench
