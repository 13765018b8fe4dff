#include "context/decode_counters.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rattan::test {
namespace {

TEST(DecodeCounters, AddEveryMember) {
  DecodeCounters counters;
  const DecodeStats cost{1, 2, 3, 4, 5, 6, 7};
  counters.add(cost);
  counters.add(cost);
  const DecodeStats sum = counters.read();
  EXPECT_EQ(sum.steps, 2U);
  EXPECT_EQ(sum.keys_visible, 4U);
  EXPECT_EQ(sum.keys_window, 6U);
  EXPECT_EQ(sum.keys_retrieved, 8U);
  EXPECT_EQ(sum.keys_scored, 10U);
  EXPECT_EQ(sum.values_read, 12U);
  EXPECT_EQ(sum.bytes_read, 14U);
  counters.reset();
  EXPECT_EQ(counters.read().bytes_read, 0U);
}

TEST(DecodeCounters, KeepTheWorstAndSumUpShares) {
  DecodeCounters counters;
  EXPECT_EQ(counters.read().lowest_recall, 0);
  DecodeStats cost;
  cost.steps_searched = 4;
  cost.steps_estimated = 2;
  cost.lowest_recall = 0.75;
  cost.uncertainty = 0.375;
  cost.largest_uncertainty = 0.25;
  counters.add(cost);
  cost.lowest_recall = 0.5;
  cost.largest_uncertainty = 0.125;
  counters.add(cost);
  cost.lowest_recall = 0;  // not measured
  counters.add(cost);
  const DecodeStats sum = counters.read();
  EXPECT_EQ(sum.steps_searched, 12U);
  EXPECT_EQ(sum.steps_estimated, 6U);
  EXPECT_EQ(sum.lowest_recall, 0.5);
  EXPECT_EQ(sum.uncertainty, 3 * 0.375);
  EXPECT_EQ(sum.largest_uncertainty, 0.25);
  counters.reset();
  EXPECT_EQ(counters.read().lowest_recall, 0);
  EXPECT_EQ(counters.read().uncertainty, 0);
}

TEST(DecodeCounters, LoseNothingBetweenThreads) {
  DecodeCounters counters;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) counters.add({1, 0, 0, 0, 0, 0, 3});
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counters.read().steps, 4000U);
  EXPECT_EQ(counters.read().bytes_read, 12000U);
}

}  // namespace
}  // namespace rattan::test
