#include "bench/inputs/steps.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Steps, HeadsOfAllGroupsStandStepByStep) {
  const std::vector<datasets::KvGroup> groups = {test::small_group(40, 9, 2), test::small_group(40, 9, 3)};
  const SharedMatrix steps = gather_steps(groups, 4, 3);
  ASSERT_EQ(steps.view.rows, 15U);
  EXPECT_EQ(steps.view.cols, 16U);
  for (std::size_t step = 0; step < 3; ++step) {
    for (std::size_t head = 0; head < 5; ++head) {
      const MatrixView& from = (head < 2 ? groups[0].decode_queries[head] : groups[1].decode_queries[head - 2]).view;
      EXPECT_EQ(std::memcmp(steps.view.row(step * 5 + head), from.row(4 + step), from.row_bytes()), 0);
    }
  }
}

}  // namespace
}  // namespace rattan::bench
