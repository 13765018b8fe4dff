#include "bench/context/attend_latency.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(AttendLatency, EverySettingIsTimedBesideFullAttentionAndFlat) {
  const HeadSource source{"made", 0, 0, [] { return test::small_group(600, 6, 2); }};
  std::vector<AttendSetting> settings(3);
  settings[0].k = 20;
  settings[1].k = 20;
  settings[1].epsilon = 0.01;
  settings[2] = settings[1];
  settings[2].estimate = true;
  ContextParams params;
  params.kind = HeadKind::scan4;
  params.sinks = 8;
  params.recent = 16;
  params.clusters = 16;
  params.executor = &serial_executor();
  const AttendLatency latency = time_attend(source, {}, settings, params, {.copies = 2, .rounds = 1});
  ASSERT_EQ(latency.us.size(), 3U);
  for (const double us : latency.us) EXPECT_GT(us, 0);
  EXPECT_GT(latency.full_us, 0);
  EXPECT_GT(latency.flat_us, 0);
  EXPECT_EQ(latency.kind, "scan4");
}

}  // namespace
}  // namespace rattan::bench
