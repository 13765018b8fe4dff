#include "bench/measure/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rattan::bench {
namespace {

TEST(Interrupt, TheFirstSignalOnlyAsks) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const InterruptGuard guard;
    EXPECT_NO_THROW(stop_if_asked());
    std::raise(signal);
    EXPECT_TRUE(stop_asked());
    EXPECT_THROW(stop_if_asked(), Stopped);
  }
  EXPECT_FALSE(stop_asked()) << "asked of the one before";
}

TEST(Interrupt, TimedRoundsEndWhereOneIsDone) {
  const InterruptGuard guard;
  EXPECT_FALSE(ends_after(0));
  EXPECT_FALSE(ends_after(3));
  std::raise(SIGINT);
  EXPECT_TRUE(ends_after(1));
  EXPECT_THROW(ends_after(0), Stopped) << "there is nothing to show";
}

TEST(InterruptDeathTest, TheSecondEndsTheProcess) {
  const auto twice = [] {
    const InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
  };
  EXPECT_EXIT(twice(), testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace rattan::bench
