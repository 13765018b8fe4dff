#include "bench/context/attend_retrieval.h"

#include <gtest/gtest.h>

#include <vector>

#include "bench/inputs/usage_error.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

class AttendRetrievalTest : public ::testing::Test {
 protected:
  AttendRetrieval make(const std::string& index, std::uint32_t width = 0) {
    set_build_run(build_, 1, &serial_executor());
    return {problem_, index, width, build_, *exact_, serial_executor()};
  }

  std::unique_ptr<ExactTopK> exact_ = make_exact_topk_cpu(&serial_executor());
  HeadProblem problem_ =
      make_problem(test::small_group(700, 6, 2), {.k = 100, .sinks = 10, .recent = 40, .queries = 6}, *exact_);
  BuildOptions build_;
};

TEST_F(AttendRetrievalTest, ExactlyItIsTheTruth) {
  AttendRetrieval retrieval = make("exact");
  EXPECT_FALSE(retrieval.searches());
  EXPECT_EQ(retrieval.all(100), problem_.truth);
  EXPECT_DOUBLE_EQ(retrieval.evaluation(30).recall, 1);
  const std::vector<std::size_t> rows = {3};
  const NeighborTable one = retrieval.of_rows(rows, 7);
  ASSERT_EQ(one.rows(), 1U);
  EXPECT_TRUE(std::ranges::equal(one.ids(0), problem_.truth.ids(3).first(7)));
  EXPECT_TRUE(std::ranges::equal(one.scores(0), problem_.truth.scores(3).first(7)));
}

// Rows alone find what all rows together do: from the whole table, or by a search of their own.
TEST_F(AttendRetrievalTest, RowsOfAnIndexFindWhatAllDo) {
  for (const char* index : {"scan4", "flat"}) {
    AttendRetrieval retrieval = make(index, 60);
    EXPECT_TRUE(retrieval.searches());
    const std::vector<std::size_t> rows = {2, 3};
    const NeighborTable alone = retrieval.of_rows(rows, 20);
    const NeighborTable all = retrieval.all(20);
    const NeighborTable taken = retrieval.of_rows(rows, 20);
    EXPECT_GT(retrieval.evaluation(20).recall, 0.9);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(std::ranges::equal(alone.ids(i), all.ids(rows[i]))) << index;
      EXPECT_TRUE(std::ranges::equal(taken.ids(i), all.ids(rows[i]))) << index;
    }
  }
}

TEST_F(AttendRetrievalTest, UnknownVariantsAreRefused) { EXPECT_THROW(make("tree"), UsageError); }

}  // namespace
}  // namespace rattan::bench
