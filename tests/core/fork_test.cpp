#include "core/fork.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "rattan/executor.h"
#include "tests/support/forked.h"

namespace rattan::test {
namespace {

std::size_t tasks_run(Executor& executor) {
  std::atomic<std::size_t> runs{0};
  executor.run(50, [&](std::size_t, unsigned) { ++runs; });
  return runs;
}

class Recorder final : ForkAware {
 public:
  Recorder() { watch_forks(); }
  ~Recorder() { unwatch_forks(); }

  int before = 0;
  int in_parent = 0;
  int in_child = 0;

 private:
  void before_fork() override { ++before; }
  void after_fork_in_parent() override { ++in_parent; }
  void after_fork_in_child() override { ++in_child; }
};

TEST(Fork, IsToldToEveryObjectThatLives) {
  Recorder recorder;
  { const Recorder gone; }
  EXPECT_TRUE(
      in_forked_child([&] { return recorder.before == 1 && recorder.in_child == 1 && recorder.in_parent == 0; }));
  EXPECT_EQ(recorder.before, 1);
  EXPECT_EQ(recorder.in_parent, 1);
  EXPECT_EQ(recorder.in_child, 0);
}

// Defect (FAULTS F9): the threads of the parent's team are not in the child, which waited for them.
TEST(Fork, AChildOfAProcessThatHasUsedExecutorsDoesNotHang) {
  const std::vector<std::shared_ptr<Executor>> executors = {
      {std::shared_ptr<void>(), &default_executor()}, make_thread_executor(3), make_openmp_executor(3)};
  for (const auto& executor : executors) EXPECT_EQ(tasks_run(*executor), 50U);
  EXPECT_TRUE(in_forked_child([&] {
    for (const auto& executor : executors) {
      if (tasks_run(*executor) != 50) return false;
    }
    return tasks_run(*make_thread_executor(4)) == 50 && tasks_run(*make_openmp_executor(4)) == 50;
  }));
  for (const auto& executor : executors) EXPECT_EQ(tasks_run(*executor), 50U) << "in the parent";
}

TEST(Fork, AChildOfAChildAndOneThatEndsAPoolDoNotHang) {
  auto pool = make_thread_executor(3);
  EXPECT_EQ(tasks_run(*pool), 50U);
  EXPECT_TRUE(in_forked_child([&] {
    if (tasks_run(*pool) != 50) return false;
    const bool good = in_forked_child([&] { return tasks_run(*pool) == 50; });
    pool.reset();
    return good;
  }));
  EXPECT_TRUE(in_forked_child([&] {
    pool.reset();
    return true;
  }));
}

// A helper holds the pool's lock now and then.
TEST(Fork, WhileAnotherThreadRunsTasksDoesNotHangTheChild) {
  auto pool = make_thread_executor(3);
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    while (!stop) tasks_run(*pool);
  });
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(in_forked_child([&] { return tasks_run(*pool) == 50; })) << i;
  stop = true;
}

// Defect (FAULTS F9): a thread that decoded held the lock of buffers when the process forked, and the child waited.
TEST(Fork, WhileAnotherThreadIsInASectionTheChildFindsItFreeAndWhole) {
  ForkSafeMutex outer;
  ForkSafeMutex inner;
  std::size_t a = 0;
  std::size_t b = 0;
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    while (!stop) {
      const std::lock_guard lock(outer);
      ++a;
      const std::lock_guard nested(inner);
      std::this_thread::yield();
      ++b;
    }
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(in_forked_child([&] {
      const std::lock_guard lock(outer);
      const std::lock_guard nested(inner);
      return a == b;
    })) << i;
  }
  stop = true;
}

}  // namespace
}  // namespace rattan::test
