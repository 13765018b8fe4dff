#include "bench/measure/settings.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Settings, RangesBeginNarrowAndEndWhereAScanIsCheaper) {
  const HeadProblem problem =
      make_problem(test::small_group(), {.k = 40, .queries = 2}, *make_exact_topk_cpu(&serial_executor()));
  BuiltIndex built;
  built.max_setting = 300;
  const SettingRange none = setting_range(built, {.name = "flat", .build = {"flat"}}, problem);
  EXPECT_EQ(none.low, none.high);
  const SettingRange probes = setting_range(built, {.name = "ivf", .build = {"ivf"}}, problem);
  EXPECT_EQ(probes.low, 1U);
  EXPECT_EQ(probes.high, 300U);
  const SettingRange beam = setting_range(built, {.name = "g", .build = {"graph"}, .group = true}, problem);
  EXPECT_EQ(beam.low, 2U);
  EXPECT_DOUBLE_EQ(beam.enough_keys, probes.enough_keys / 2);
}

TEST(Settings, SayTheWidthTheLimitAndTheLabel) {
  BuiltIndex built;
  EXPECT_EQ(describe_setting(built, {.variant = {.build = {"flat"}}}, 7), "exact");
  EXPECT_EQ(describe_setting(built, {.variant = {.build = {"graph"}}, .expansions_per_width = 0.5}, 7),
            "beam 7, expansions x0.50");
  built.max_setting = 64;
  built.label = "plain";
  EXPECT_EQ(describe_setting(built, {.variant = {.build = {"ivf"}}}, 7), "probes 7/64 plain");
  SettingSearch::Result result;
  result.evaluation.setting = 7;
  result.widest = 32;
  EXPECT_EQ(describe_result(built, {.variant = {.build = {"ivf"}}}, result),
            "probes 7/64 plain, given up at probes 32");
  result.reached = true;
  EXPECT_EQ(describe_result(built, {.variant = {.build = {"ivf"}}}, result), "probes 7/64 plain");
}

}  // namespace
}  // namespace rattan::bench
