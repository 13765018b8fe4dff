#include "bench/report/index_table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/matrices.h"

namespace rattan::bench {
namespace {

TEST(IndexTable, SaysWhatAnIndexHoldsAndTakes) {
  const auto index = build_flat(test::random_matrix(50, 8, 1), Metric::inner_product);
  EXPECT_EQ(index_title(*index), "flat over 50 keys of dimension 8");
  const Record record = index_fields(*index);
  EXPECT_EQ(find_field(record, "keys")->value, Value(50U));
  EXPECT_EQ(find_field(record, "metric")->value, Value("inner_product"));
  std::ostringstream parts;
  write_parts(parts, *index);
  EXPECT_NE(parts.str().find("| all (keys are borrowed) | 0.000 |"), std::string::npos) << parts.str();
}

TEST(IndexTable, StagesEndWithTheirSum) {
  BuildStats stats;
  stats.stages = {{"links", 1.5}, {"prune", 0.25}};
  std::ostringstream out;
  write_stages(out, stats);
  EXPECT_NE(out.str().find("| all   |    1.75 |"), std::string::npos) << out.str();
}

}  // namespace
}  // namespace rattan::bench
