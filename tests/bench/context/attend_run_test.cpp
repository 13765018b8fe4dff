#include "bench/context/attend_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bench/measure/measure.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_group;

HeadProblem make(datasets::KvGroup group = small_group(700, 12, 2)) {
  return make_problem(std::move(group), {.k = 650, .sinks = 10, .recent = 40, .queries = 12},
                      *make_exact_topk_cpu(&serial_executor()));
}

Retrieve exactly(const HeadProblem& problem) {
  return [&problem](std::uint32_t k) {
    NeighborTable table(problem.truth.rows(), k);
    for (std::size_t row = 0; row < table.rows(); ++row) {
      const std::size_t count = std::min<std::size_t>(k, problem.truth.k());
      std::ranges::copy(problem.truth.ids(row).first(count), table.ids(row).begin());
      std::ranges::copy(problem.truth.scores(row).first(count), table.scores(row).begin());
    }
    return table;
  };
}

TEST(AttendRun, AgreesWithTheQualityOfSearches) {
  const HeadProblem problem = make();
  AttendRun run(problem, false, 0, 1, serial_executor());
  const AttendOutcome outcome = run.run({.k = 50}, exactly(problem));
  const Quality quality = measure_quality(exactly(problem)(50), problem, problem.steps, serial_executor());
  EXPECT_EQ(outcome.keys, 50);
  EXPECT_NEAR(outcome.mass, quality.mass, 1e-5);
  EXPECT_NEAR(outcome.output_error, quality.output_error, 1e-5);
  EXPECT_GT(outcome.unread, 0);
  EXPECT_TRUE(std::isnan(outcome.estimate_error));
}

TEST(AttendRun, TheTailLowersTheError) {
  const HeadProblem problem = make();
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome without = run.run({.k = 50}, exactly(problem));
  const AttendOutcome with = run.run({.k = 50, .estimate = true}, exactly(problem));
  EXPECT_LT(with.output_error, without.output_error);
  EXPECT_EQ(with.unread, without.unread);
  EXPECT_LT(with.estimate_error, 0.5);
}

TEST(AttendRun, BudgetsReadWhatTheyNeed) {
  const HeadProblem problem = make();
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome coarse = run.run({.k = 10, .epsilon = 0.4}, exactly(problem));
  const AttendOutcome fine = run.run({.k = 10, .epsilon = 0.1}, exactly(problem));
  EXPECT_LT(coarse.keys, fine.keys);
  EXPECT_NEAR(fine.unread, 0.1, 0.05);
  const AttendOutcome bounded = run.run({.k = 10, .epsilon = 1e-6, .most_k = 40}, exactly(problem));
  EXPECT_EQ(bounded.keys, 40);
  const AttendOutcome all = run.run({.k = 10, .epsilon = 1e-9}, exactly(problem));
  EXPECT_LT(all.output_error, 1e-4);
}

TEST(AttendRun, WithoutValuesThereIsMass) {
  datasets::KvGroup group = small_group(700, 12, 2);
  group.values = SharedMatrix();
  const HeadProblem problem = make(std::move(group));
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome outcome = run.run({.k = 50, .estimate = true}, exactly(problem));
  EXPECT_TRUE(std::isnan(outcome.output_error));
  EXPECT_GT(outcome.mass, 0);
}

}  // namespace
}  // namespace rattan::bench
