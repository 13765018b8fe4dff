// FAULTS C7, G6: every allocation of every step fails once. The step says so and has done nothing, nothing is lost, and
// the same step succeeds afterwards.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/campaign/faults.h"
#include "tests/campaign/scenes.h"

namespace rattan::test {
namespace {

class Allocations : public testing::TestWithParam<std::tuple<Scene, rattan_kind>> {
 protected:
  const Scene& scene() const { return std::get<0>(GetParam()); }
  rattan_kind kind() const { return std::get<1>(GetParam()); }

  void prepare(World& world) const {
    for (const auto step : scene().before) ASSERT_EQ((world.*step)(), RATTAN_OK) << rattan_last_error();
  }

  void try_point(std::size_t point, const std::string& before, const std::string& after,
                 const std::string& exactly_after) const {
    const std::int64_t held = blocks_held();
    {
      World world(kind(), 1);
      prepare(world);
      arm(FaultKind::allocation, point);
      const rattan_status status = (world.*scene().step)();
      const bool failed = disarm();
      if (status != RATTAN_OK) {
        EXPECT_TRUE(failed) << point << ": " << rattan_last_error();
        EXPECT_EQ(status, RATTAN_NO_MEMORY) << point << ": " << rattan_last_error();
        EXPECT_EQ(world.answers(), before) << "state after allocation " << point;
        EXPECT_EQ((world.*scene().step)(), RATTAN_OK) << "again, after allocation " << point;
      }
      EXPECT_EQ(world.answers(), after) << "result after allocation " << point;
      EXPECT_EQ(world.answers(true), exactly_after) << "exact result after allocation " << point;
    }
    EXPECT_EQ(blocks_held(), held) << "lost by the failure of allocation " << point;
  }
};

TEST_P(Allocations, G6_EveryOneFailsOnceAndNothingIsLost) {
  std::string before;
  std::string after;
  std::string exactly_after;
  for (int warm = 0; warm < 2; ++warm) {  // what is made once for the process is there
    World world(kind(), 1);
    prepare(world);
    before = world.answers();
    ASSERT_EQ((world.*scene().step)(), RATTAN_OK) << rattan_last_error();
    after = world.answers();
    exactly_after = world.answers(true);
  }
  std::size_t points = 0;
  {
    World world(kind(), 1);
    prepare(world);
    arm(FaultKind::allocation, ~std::uint64_t{0});
    (world.*scene().step)();
    disarm();
    points = calls_seen();
  }
  const std::size_t every = every_point(std::max<std::size_t>(1, points / 12));
  std::size_t tried = 0;
  for (std::size_t point = 0; point < points && !HasFailure(); point += every, ++tried)
    try_point(point, before, after, exactly_after);
  say("alloc", std::string(scene().name) + "/" + std::to_string(kind()), points, tried);
}

INSTANTIATE_TEST_SUITE_P(Steps, Allocations,
                         testing::Combine(testing::ValuesIn(scenes()), testing::ValuesIn(scene_kinds)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::to_string(std::get<1>(test.param));
                         });

}  // namespace
}  // namespace rattan::test
