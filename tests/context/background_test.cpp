#include "context/background.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/forked.h"

namespace rattan::test {
namespace {

TEST(Background, RunsJobsInOrderOnOneOtherThread) {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  Background background;
  for (int i = 0; i < 5; ++i) {
    background.run([&, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
    });
  }
  background.wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  for (const auto& id : threads) {
    EXPECT_EQ(id, threads.front());
    EXPECT_NE(id, std::this_thread::get_id());
  }
}

TEST(Background, ForgetWaitsForTheRunningJobAlone) {
  std::atomic<bool> started{false};
  std::atomic<bool> go_on{false};
  std::atomic<int> done{0};
  Background background;
  background.run([&] {
    started = true;
    while (!go_on) std::this_thread::yield();
    ++done;
  });
  background.run([&] { ++done; });
  while (!started) std::this_thread::yield();
  std::thread helper([&] { go_on = true; });
  background.forget();
  EXPECT_GE(done, 1);
  helper.join();
  background.wait();
  background.run([&] { done += 10; });
  background.wait();
  EXPECT_GE(done, 11);
}

// A job that orders itself again as long as it is told to stop must not keep fork() from the thread.
TEST(Background, AForkStopsAJobThatOrdersItselfAgain) {
  std::atomic<bool> stop{false};
  std::atomic<bool> enough{false};
  std::atomic<int> begun{0};
  Background background(&stop);
  std::function<void()> job = [&] {
    ++begun;
    while (!stop && !enough) std::this_thread::yield();
    if (!enough) background.run(job);
  };
  background.run(job);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(in_forked_child([&] {
      enough = true;
      background.wait();
      return true;
    }));
  }
  enough = true;
  background.wait();
  EXPECT_GE(begun, 1);
}

TEST(Background, EndsWithoutAJob) { const Background background; }

TEST(Background, EndsWithJobsLeft) {
  std::atomic<int> done{0};
  {
    Background background;
    for (int i = 0; i < 3; ++i) background.run([&] { ++done; });
  }
  const int after = done;
  std::this_thread::yield();
  EXPECT_EQ(done, after);
}

}  // namespace
}  // namespace rattan::test
