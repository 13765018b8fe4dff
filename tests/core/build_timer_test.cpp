#include "core/build_timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace rattan {
namespace {

TEST(BuildTimer, NamesStagesInOrderAndMeasuresEachFromTheOneBefore) {
  BuildStats stats;
  BuildTimer timer(&stats);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  timer.stage("links");
  timer.stage("prune");
  ASSERT_EQ(stats.stages.size(), 2U);
  EXPECT_EQ(stats.stages[0].first, "links");
  EXPECT_EQ(stats.stages[1].first, "prune");
  EXPECT_GE(stats.stages[0].second, 0.005);
  EXPECT_GE(stats.stages[1].second, 0.0);
  EXPECT_DOUBLE_EQ(stats.seconds(), stats.stages[0].second + stats.stages[1].second);
}

TEST(BuildTimer, MayHaveNobodyToTell) {
  BuildTimer timer(nullptr);
  EXPECT_NO_THROW(timer.stage("links"));
}

}  // namespace
}  // namespace rattan
