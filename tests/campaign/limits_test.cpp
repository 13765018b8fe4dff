// Threads that cannot be started, one by one, and memory that is short for good: the caller does the work, or is told.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>

#include "tests/campaign/faults.h"
#include "tests/campaign/scenes.h"
#include "tests/support/forked.h"

namespace rattan::test {
namespace {

class Threads : public testing::TestWithParam<Scene> {};

TEST_P(Threads, AnyOneThatCannotStartIsDoneWithout) {
  const Scene& scene = GetParam();
  std::size_t all = 0;
  for (const rattan_kind kind : scene_kinds) {
    for (std::size_t point = 0;; ++point, ++all) {
      World world(kind, 3);
      World other(kind, 3);
      for (World* const one : {&world, &other}) {
        for (const auto step : scene.before) ASSERT_EQ((one->*step)(), RATTAN_OK) << rattan_last_error();
      }
      EXPECT_EQ((other.*scene.step)(), RATTAN_OK);
      arm(FaultKind::thread, point);
      EXPECT_EQ((world.*scene.step)(), RATTAN_OK) << rattan_last_error();
      const bool failed = disarm();
      EXPECT_EQ(world.answers(), other.answers());
      if (!failed) break;
      ASSERT_LT(point, 1000U);
    }
  }
  say("threads", scene.name, all, all);
}

INSTANTIATE_TEST_SUITE_P(Steps, Threads, testing::ValuesIn(scenes()),
                         [](const auto& test) { return std::string(test.param.name); });

// Of this process, in bytes.
std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

class Memory : public testing::TestWithParam<Scene> {};

// Under a limit of the operating system, from none to enough, in a process of its own.
TEST_P(Memory, ShortForGoodIsAnErrorAndNoMore) {
  const Scene& scene = GetParam();
  const std::size_t step = 16'384 * every_point(8);
  std::size_t tried = 0;
  for (std::size_t room = 0; room <= (std::size_t{4} << 20U); room += step, ++tried) {
    EXPECT_TRUE(in_forked_child([&] {
      World world(RATTAN_KIND_GRAPH, 1);
      for (const auto each : scene.before) {
        if ((world.*each)() != RATTAN_OK) return false;
      }
      const std::string before = world.answers(true);
      rlimit limit{};
      getrlimit(RLIMIT_AS, &limit);
      const rlimit whole = limit;
      limit.rlim_cur = address_space() + room;
      setrlimit(RLIMIT_AS, &limit);
      const rattan_status status = (world.*scene.step)();
      setrlimit(RLIMIT_AS, &whole);
      if (status == RATTAN_OK) return true;
      return status == RATTAN_NO_MEMORY && world.answers(true) == before && (world.*scene.step)() == RATTAN_OK;
    })) << room;
  }
  say("memory", scene.name, tried, tried);
}

INSTANTIATE_TEST_SUITE_P(Steps, Memory, testing::ValuesIn(scenes()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace rattan::test
