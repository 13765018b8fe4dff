#include "bench/measure/latency.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Latency, QuantilesByNearestRank) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 2, 3}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4}, 0.99), 4);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.05), 7);
}

TEST(Latency, EveryJobIsTimedAndEqualJobsOnce) {
  const HeadProblem problem =
      make_problem(test::small_group(), {.k = 5, .queries = 3}, *make_exact_topk_cpu(&serial_executor()));
  const auto flat = build_flat(problem.keys);
  const SearchSetup group{.variant = {"flat", {"flat"}, true, false, ""}};
  const SearchSetup single{.variant = {"flat:single", {"flat"}, false, false, ""}};
  const LatencyRun run = measure_latency(
      {{flat.get(), &problem, group}, {flat.get(), &problem, single}, {flat.get(), &problem, group}}, 5);
  ASSERT_EQ(run.latencies.size(), 3U);
  EXPECT_EQ(run.steps, 5U);
  EXPECT_GT(run.cycle_mb, 1);
  for (const Latency& latency : run.latencies) {
    EXPECT_GT(latency.us_p50, 0);
    EXPECT_GE(latency.us_p99, latency.us_p50);
  }
  EXPECT_EQ(run.latencies[0].us_p50, run.latencies[2].us_p50);
}

TEST(Latency, NoStepsNoResult) { EXPECT_TRUE(measure_latency({}, 0).latencies.empty()); }

}  // namespace
}  // namespace rattan::bench
