// FAULTS F9: a child of fork() goes on from every state that a program can be in, whether the parent has threads or
// none, and while others of its threads read. So does the parent.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/campaign/scenes.h"
#include "tests/support/forked.h"

namespace rattan::test {
namespace {

class Forks : public testing::TestWithParam<Scene> {};

TEST_P(Forks, F9_AChildAndAGrandchildGoOnFromEveryState) {
  const Scene& scene = GetParam();
  std::size_t forks = 0;
  for (const rattan_kind kind : scene_kinds) {
    for (const std::uint32_t threads : {1U, 3U}) {
      const auto prepare = [&](World& world) {
        for (const auto step : scene.before) ASSERT_EQ((world.*step)(), RATTAN_OK) << rattan_last_error();
      };
      World unforked(kind, threads);
      prepare(unforked);
      ASSERT_EQ((unforked.*scene.step)(), RATTAN_OK);
      const std::string after = unforked.answers();
      World world(kind, threads);
      prepare(world);
      const auto goes_on = [&] { return (world.*scene.step)() == RATTAN_OK && world.answers() == after; };
      EXPECT_TRUE(in_forked_child([&] {
        return in_forked_child(goes_on) && goes_on() && in_forked_child([&] { return world.answers() == after; });
      })) << "kind "
          << kind << ", " << threads << " threads";
      EXPECT_TRUE(goes_on()) << "in the parent";
      forks += 3;
    }
  }
  say("fork", scene.name, forks, forks);
}

INSTANTIATE_TEST_SUITE_P(Steps, Forks, testing::ValuesIn(scenes()),
                         [](const auto& test) { return std::string(test.param.name); });

// A call that reads may hold a lock, or threads of the library, at any moment.
TEST(ForksBeside, F9_WhileOtherThreadsDecode) {
  const std::size_t rounds = 600 / every_point(20);
  for (const rattan_kind kind : scene_kinds) {
    World world(kind, 3);
    for (const auto step : {&World::create, &World::build, &World::append}) ASSERT_EQ((world.*step)(), RATTAN_OK);
    const std::string before = world.answers();
    const std::string exactly = world.answers(true);
    ASSERT_EQ(world.decode(),
              RATTAN_OK);  // its buffers are made once for the program, behind a guard of the compiler's
    std::atomic<bool> done{false};
    std::atomic<std::size_t> wrong{0};
    std::thread reader([&] {
      while (!done) {
        if (world.decode() != RATTAN_OK || world.batch() != RATTAN_OK || world.submit() != RATTAN_OK) ++wrong;
      }
    });
    for (std::size_t round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
      EXPECT_TRUE(in_forked_child([&] {
        return world.answers() == before && world.submit() == RATTAN_OK && world.seal() == RATTAN_OK &&
               world.answers(true) == exactly;
      })) << round;
    }
    done = true;
    reader.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(world.answers(), before);
  }
  say("fork", "beside readers", 3 * rounds, 3 * rounds);
}

}  // namespace
}  // namespace rattan::test
