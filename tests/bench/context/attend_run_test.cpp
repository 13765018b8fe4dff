#include "bench/context/attend_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

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
  return [&problem](std::span<const std::size_t> rows, std::uint32_t k) {
    NeighborTable table(rows.size(), k);
    const std::size_t count = std::min<std::size_t>(k, problem.truth.k());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::ranges::copy(problem.truth.ids(rows[i]).first(count), table.ids(i).begin());
      std::ranges::copy(problem.truth.scores(rows[i]).first(count), table.scores(i).begin());
    }
    return table;
  };
}

NeighborTable best_of_all(const HeadProblem& problem, std::uint32_t k) {
  std::vector<std::size_t> rows(problem.truth.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return exactly(problem)(rows, k);
}

Budget fixed(std::uint32_t k, bool estimate = false) {
  return {.k = k, .epsilon = {}, .most_k = 8192, .estimate_unread = estimate};
}

Budget mass(double epsilon, std::uint32_t most_k = 8192) {
  return {.k = 10, .epsilon = epsilon, .most_k = most_k, .estimate_unread = false};
}

TEST(AttendRun, AgreesWithTheQualityOfSearches) {
  const HeadProblem problem = make();
  AttendRun run(problem, false, 0, 1, serial_executor());
  const AttendOutcome outcome = run.run(fixed(50), exactly(problem));
  const Quality quality = measure_quality(best_of_all(problem, 50), problem, problem.steps, serial_executor());
  EXPECT_EQ(outcome.keys, 50);
  EXPECT_NEAR(outcome.mass, quality.mass, 1e-5);
  EXPECT_NEAR(outcome.output_error, quality.output_error, 1e-5);
  EXPECT_GT(outcome.unread, 0);
  EXPECT_TRUE(std::isnan(outcome.estimate_error));
}

TEST(AttendRun, TheEstimateLowersTheError) {
  const HeadProblem problem = make();
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome without = run.run(fixed(50), exactly(problem));
  const AttendOutcome with = run.run(fixed(50, true), exactly(problem));
  EXPECT_LT(with.output_error, without.output_error);
  EXPECT_EQ(with.unread, without.unread);
  EXPECT_LT(with.estimate_error, 0.5);
}

TEST(AttendRun, BudgetsReadWhatTheyNeed) {
  const HeadProblem problem = make();
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome coarse = run.run(mass(0.4), exactly(problem));
  const AttendOutcome fine = run.run(mass(0.1), exactly(problem));
  EXPECT_LT(coarse.keys, fine.keys);
  EXPECT_NEAR(fine.unread, 0.1, 0.05);
  const AttendOutcome bounded = run.run(mass(1e-6, 40), exactly(problem));
  EXPECT_EQ(bounded.keys, 40);
  const AttendOutcome all = run.run(mass(1e-9), exactly(problem));
  EXPECT_LT(all.output_error, 1e-4);
  EXPECT_EQ(all.keys, 650) << "as the library, it attends to every key";
  EXPECT_EQ(all.mass, 1);
  EXPECT_EQ(all.unread, 0);
}

// Widths follow the estimate of what is needed, and only rows that need more are searched again.
TEST(AttendRun, SearchesAsTheLibraryDoes) {
  const HeadProblem problem = make();
  AttendRun run(problem, true, 64, 1, serial_executor());
  std::vector<std::pair<std::size_t, std::uint32_t>> asked;  // rows, k
  const auto counted = [&](std::span<const std::size_t> rows, std::uint32_t k) {
    asked.emplace_back(rows.size(), k);
    return exactly(problem)(rows, k);
  };
  run.run({.k = 10, .epsilon = 0.002, .most_k = 8192, .estimate_unread = true}, counted);
  ASSERT_EQ(asked.front(), std::pair(problem.heads, 10U));
  const auto first_width = [](const auto& search) { return search.second == 10; };
  EXPECT_EQ(std::ranges::count_if(asked, first_width), static_cast<std::ptrdiff_t>(problem.steps));
  EXPECT_GT(asked.size(), problem.steps) << "some are widened";
  EXPECT_TRUE(std::ranges::any_of(asked, [&](const auto& search) { return search.first < problem.heads; }));
  EXPECT_TRUE(std::ranges::any_of(asked, [](const auto& search) { return search.second % 10 != 0; }));
}

TEST(AttendRun, WithoutValuesThereIsMass) {
  datasets::KvGroup group = small_group(700, 12, 2);
  group.values = SharedMatrix();
  const HeadProblem problem = make(std::move(group));
  AttendRun run(problem, true, 64, 1, serial_executor());
  const AttendOutcome outcome = run.run(fixed(50, true), exactly(problem));
  EXPECT_TRUE(std::isnan(outcome.output_error));
  EXPECT_GT(outcome.mass, 0);
}

}  // namespace
}  // namespace rattan::bench
