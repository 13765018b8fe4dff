#include "bench/context/attend_latency.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(AttendLatency, EveryBudgetIsTimedBesideFullAttentionAndFlat) {
  const HeadSource source{"made", 0, 0, [] { return test::small_group(600, 6, 2); }};
  std::vector<Budget> budgets(3, Budget{.k = 20, .epsilon = {}, .estimate_unread = false});
  budgets[1].epsilon = 0.01;
  budgets[2] = budgets[1];
  budgets[2].estimate_unread = true;
  ContextParams params;
  params.kind = HeadKind::scan4;
  params.sinks = 8;
  params.recent = 16;
  params.clusters = 16;
  params.executor = &serial_executor();
  const AttendLatency latency = time_attend(source, {}, budgets, params, {.copies = 2, .rounds = 1, .repeats = 2});
  ASSERT_EQ(latency.us.size(), 3U);
  for (const RepeatedTime& us : latency.us) {
    EXPECT_GT(us.p50, 0);
    EXPECT_GE(us.p50_deviation, 0);
    EXPECT_EQ(us.timed, 2U) << "copies of one round";
    EXPECT_EQ(us.repeats, 2U);
  }
  EXPECT_GT(latency.full_us, 0);
  EXPECT_GT(latency.flat_us, 0);
  EXPECT_EQ(latency.kind, "scan4");
}

}  // namespace
}  // namespace rattan::bench
