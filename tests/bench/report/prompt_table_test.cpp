#include "bench/report/prompt_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(PromptTable, SaysHowThePromptCameAndWhatWasFound) {
  HeadProblem problem;
  problem.group = test::small_group(100, 6, 2);
  problem.keys = problem.group.keys;
  problem.window = "sinks 1, recent 2";
  problem.heads = 2;
  PromptWay way;
  way.name = "by tokens";
  way.head.kind = "scan4";
  way.fixed.recall = 0.75;
  way.fixed.setting = 33;
  const Record record = to_record("head 1", problem, way, {});
  const auto value = [&](std::string_view name) {
    return std::ranges::find(record, name, [](const auto& field) { return std::string_view(field.name); })->value;
  };
  EXPECT_EQ(value("way"), Value("by tokens"));
  EXPECT_EQ(value("kind"), Value("scan4"));
  EXPECT_EQ(value("fixed_recall"), Value(0.75));
  const std::string legend = prompt_legend(problem, way, {});
  EXPECT_NE(legend.find("with width 33"), std::string::npos) << legend;
  EXPECT_NE(legend.find("sinks 1, recent 2"), std::string::npos) << legend;
}

}  // namespace
}  // namespace rattan::bench
