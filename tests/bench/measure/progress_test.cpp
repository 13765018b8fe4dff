#include "bench/measure/progress.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(Progress, SaysWhatIsLeftOnceAPartIsDone) {
  EXPECT_EQ(time_text(75, 0, 3), ", 75 s");
  EXPECT_EQ(time_text(75, 1, 3), ", 75 s, about 150 s left");
  EXPECT_EQ(time_text(75, 3, 3), ", 75 s");
}

}  // namespace
}  // namespace rattan::bench
