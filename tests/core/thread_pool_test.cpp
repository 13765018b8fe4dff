#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/allocations.h"

namespace rattan::test {
namespace {

TEST(ThreadPool, TheCallerWorksToo) {
  ThreadPool pool(2);
  std::atomic<bool> caller_has{false};
  const auto caller = std::this_thread::get_id();
  // Two tasks that wait for one another run on two threads: one of them is the caller, who takes the first.
  std::atomic<int> begun{0};
  pool.run(2, [&](std::size_t, unsigned worker) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
    if (std::this_thread::get_id() == caller) {
      EXPECT_EQ(worker, 0U);
      caller_has = true;
    } else {
      EXPECT_EQ(worker, 1U);
    }
  });
  EXPECT_TRUE(caller_has);
}

TEST(ThreadPool, OneThreadIsTheCallers) {
  ThreadPool pool(1);
  const auto caller = std::this_thread::get_id();
  pool.run(20, [&](std::size_t, unsigned worker) {
    EXPECT_EQ(worker, 0U);
    EXPECT_EQ(std::this_thread::get_id(), caller);
  });
}

TEST(ThreadPool, AllocatesNothingOnceItsThreadsRun) {
  ThreadPool pool(3);
  std::atomic<int> runs{0};
  const Executor::Task task = [&runs](std::size_t, unsigned) { ++runs; };
  pool.run(20, task);
  const std::size_t before = thread_allocations();
  pool.run(20, task);
  EXPECT_EQ(thread_allocations(), before);
  EXPECT_EQ(runs, 40);
}

TEST(FirstError, IsThatOfTheLowestTask) {
  FirstError error;
  error.rethrow();
  for (const int task : {7, 3, 9}) {
    try {
      throw task;
    } catch (...) {
      error.capture(static_cast<std::size_t>(task));
    }
  }
  try {
    error.rethrow();
    ADD_FAILURE();
  } catch (const int task) {
    EXPECT_EQ(task, 3);
  }
}

}  // namespace
}  // namespace rattan::test
