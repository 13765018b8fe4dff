#include "bench/measure/growth.h"

#include <gtest/gtest.h>

#include "datasets/synthetic.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

GrowthProblem problem_of(std::size_t append, std::uint32_t window) {
  const auto exact = make_exact_topk_cpu(&serial_executor());
  ProblemOptions options;
  options.k = 20;
  options.sinks = 16;
  options.queries = 24;
  const auto params = datasets::parse_synthetic("n=1500,d=32,group=2,heads=1,decode=700,qstep=1");
  return make_growth_problem(datasets::make_synthetic(params, 0), options, append, window, *exact);
}

TEST(Growth, TheWholeIsTheBaseAndWhatIsAppendedButTheWindow) {
  const GrowthProblem problem = problem_of(600, 50);
  EXPECT_EQ(problem.base.keys.view.rows, 1484U);
  EXPECT_EQ(problem.whole.keys.view.rows, 1484U + 550);
  EXPECT_EQ(problem.appended.view.rows, 600U);
  EXPECT_EQ(problem.appended.view.row(549), problem.whole.keys.view.row(2033));
  EXPECT_EQ(problem.whole.steps, 24U);
  EXPECT_EQ(problem.whole.truth.rows(), 48U);
}

TEST(Growth, GrownKeysAreFoundAndCounted) {
  const GrowthProblem problem = problem_of(600, 50);
  const auto exact = make_exact_topk_cpu(&serial_executor());
  LinkOptions link_options;
  link_options.k = 16;
  GrowthOptions options;
  options.segment = 200;
  options.window = 50;
  const std::shared_ptr<const Index> base =
      build_graph(problem.base.keys, make_links(problem.base, link_options, *exact));
  GrowthCost cost;
  const auto grown = grow(base, problem, options, cost);
  EXPECT_EQ(grown->size(), 1484U + 600);
  EXPECT_EQ(cost.segments, 2U);
  EXPECT_EQ(cost.sealed, 400U);
  EXPECT_GT(cost.seal_us, 0.0);
  EXPECT_GT(cost.append_us, 0.0);
  EXPECT_GE(evaluate_growth(*grown, problem, 80).recall, 0.9);
  EXPECT_EQ(make_whole_links(problem, link_options, *exact).size(), 4U);
}

TEST(Growth, TooFewDecodedTokensAreAnError) {
  test::expect_error(ErrorCode::invalid_argument, "--append is 700", [] { problem_of(700, 50); });
  test::expect_error(ErrorCode::invalid_argument, "--append is 50", [] { problem_of(50, 50); });
}

}  // namespace
}  // namespace rattan::bench
