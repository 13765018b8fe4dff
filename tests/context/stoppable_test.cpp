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

}  // namespace
}  // namespace rattan
