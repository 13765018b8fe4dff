#include "context/stoppable.h"

#include <gtest/gtest.h>

namespace rattan {
namespace {

TEST(Stoppable, RunsEveryTaskInOrderUntilItIsStopped) {
  std::atomic<bool> stopping{false};
  Stoppable executor(stopping);
  std::size_t next = 0;
  executor.run(5, [&](std::size_t task, unsigned worker) {
    EXPECT_EQ(task, next++);
    EXPECT_EQ(worker, 0U);
  });
  EXPECT_EQ(next, 5U);
  const auto stop_at = [&](std::size_t task, unsigned) {
    ++next;
    if (task == 2) stopping = true;
  };
  EXPECT_THROW(executor.run(5, stop_at), Stopped);
  EXPECT_EQ(next, 8U);
  EXPECT_THROW(executor.run(1, stop_at), Stopped);
  EXPECT_EQ(next, 8U);
  executor.run(0, stop_at);
}

TEST(Stoppable, StopsTheThreadsOfAnotherExecutor) {
  std::atomic<bool> stopping{false};
  const auto threads = make_thread_executor(3);
  Stoppable executor(stopping, *threads);
  EXPECT_EQ(executor.workers(), 3U);
  std::atomic<int> done{0};
  executor.run(50, [&](std::size_t, unsigned) { ++done; });
  EXPECT_EQ(done, 50);
  stopping = true;
  EXPECT_TRUE(executor.stopped());
  EXPECT_THROW(executor.run(50, [&](std::size_t, unsigned) { ++done; }), Stopped);
  EXPECT_EQ(done, 50);
}

}  // namespace
}  // namespace rattan
