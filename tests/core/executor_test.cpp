#include "rattan/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/errors.h"

namespace rattan {
namespace {

struct NamedExecutor {
  std::string name;
  std::shared_ptr<Executor> executor;
};

std::vector<NamedExecutor> executors() {
  const auto borrowed = [](Executor& executor) { return std::shared_ptr<Executor>(&executor, [](Executor*) {}); };
  return {{"default", borrowed(default_executor())}, {"serial", borrowed(serial_executor())},
          {"openmp 1", make_openmp_executor(1)},     {"openmp 2", make_openmp_executor(2)},
          {"openmp 7", make_openmp_executor(7)},     {"openmp 16", make_openmp_executor(16)},
          {"threads 1", make_thread_executor(1)},    {"threads 2", make_thread_executor(2)},
          {"threads 7", make_thread_executor(7)},    {"threads 16", make_thread_executor(16)}};
}

TEST(Executor, RunsEveryTaskOnce) {
  for (const NamedExecutor& entry : executors()) {
    const std::string& name = entry.name;
    Executor* const executor = entry.executor.get();
    std::vector<std::atomic<int>> runs(1001);
    executor->run(runs.size(), [&](std::size_t task, unsigned) { ++runs[task]; });
    for (const auto& count : runs) ASSERT_EQ(count, 1) << name;
    executor->run(0, [&](std::size_t, unsigned) { ADD_FAILURE() << name << " ran a task of none"; });
  }
}

TEST(Executor, NoTwoTasksShareAWorkerAtOnce) {
  for (const NamedExecutor& entry : executors()) {
    const std::string& name = entry.name;
    Executor* const executor = entry.executor.get();
    const unsigned workers = executor->workers();
    ASSERT_GE(workers, 1U) << name;
    std::vector<std::atomic<bool>> busy(workers);
    executor->run(500, [&](std::size_t, unsigned worker) {
      ASSERT_LT(worker, workers) << name;
      ASSERT_FALSE(busy[worker].exchange(true)) << name;
      std::this_thread::yield();
      busy[worker] = false;
    });
  }
}

TEST(Executor, HonoursTheNumberOfThreads) {
  EXPECT_EQ(serial_executor().workers(), 1U);
  EXPECT_EQ(make_openmp_executor(3)->workers(), 3U);
  EXPECT_EQ(make_openmp_executor(0)->workers(), default_executor().workers());
  EXPECT_EQ(make_thread_executor(3)->workers(), 3U);
  EXPECT_EQ(make_thread_executor(0)->workers(), default_executor().workers());
}

TEST(Executor, RefusesMoreThreadsThanTheRuntimeWouldSurvive) {
  EXPECT_EQ(make_openmp_executor(1024)->workers(), 1024U);
  test::expect_error(ErrorCode::invalid_argument, "threads of make_openmp_executor is 1025",
                     [] { make_openmp_executor(1025); });
  test::expect_error(ErrorCode::invalid_argument, "threads", [] { make_openmp_executor(~0U); });
  test::expect_error(ErrorCode::invalid_argument, "threads of make_thread_executor is 1025",
                     [] { make_thread_executor(1025); });
}

// FAULTS E5: an exception must not end the process at the border of a parallel region.
TEST(Executor, RethrowsTheLowestNumberedError) {
  for (const NamedExecutor& entry : executors()) {
    const std::string& name = entry.name;
    Executor* const executor = entry.executor.get();
    try {
      executor->run(100, [](std::size_t task, unsigned) {
        if (task % 10 == 3) throw std::runtime_error("task " + std::to_string(task));
      });
      ADD_FAILURE() << name << " swallowed the error";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "task 3") << name;
    }
    std::atomic<int> runs = 0;
    executor->run(10, [&](std::size_t, unsigned) { ++runs; });
    EXPECT_EQ(runs, 10) << name << " after an error";
  }
}

// FAULTS F7: any number of callers.
TEST(Executor, ServesSeveralCallersAtOnce) {
  for (const NamedExecutor& entry : executors()) {
    const std::string& name = entry.name;
    Executor* const executor = entry.executor.get();
    std::atomic<int> runs = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { executor->run(50, [&](std::size_t, unsigned) { ++runs; }); });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(runs, 400) << name;
  }
}

// FAULTS C7.
TEST(Executor, C7_EveryErrorOfATaskIsRethrownAlone) {
  for (const NamedExecutor& entry : executors()) {
    for (std::size_t failing = 0; failing < 20; ++failing) {
      test::expect_error(ErrorCode::io, std::to_string(failing), [&] {
        entry.executor->run(20, [&](std::size_t task, unsigned) {
          if (task >= failing) throw Error(ErrorCode::io, std::to_string(task));
        });
      });
    }
  }
}

// FAULTS F8: a task may itself run tasks.
TEST(Executor, MayBeNested) {
  for (const NamedExecutor& entry : executors()) {
    const std::string& name = entry.name;
    Executor* const executor = entry.executor.get();
    std::atomic<int> runs = 0;
    executor->run(5, [&](std::size_t, unsigned) { executor->run(7, [&](std::size_t, unsigned) { ++runs; }); });
    EXPECT_EQ(runs, 35) << name;
  }
}

}  // namespace
}  // namespace rattan
