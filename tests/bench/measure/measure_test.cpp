#include "bench/measure/measure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

using test::small_group;

HeadProblem make(std::size_t heads = 2) {
  return make_problem(small_group(400, 12, heads), {.k = 5, .sinks = 10, .recent = 40, .queries = 12},
                      *make_exact_topk_cpu(&serial_executor()));
}

SearchSetup flat_setup(bool group, bool with_start_keys = false) {
  return {.variant = {"flat", {"flat"}, group, with_start_keys, ""}};
}

TEST(Measure, ExactSearchHasRecallOneAndReadsEveryKeyOncePerStep) {
  const HeadProblem problem = make();
  const auto flat = build_flat(problem.keys);
  const NeighborTable found = search_all_steps(*flat, problem, flat_setup(true), serial_executor());
  const Evaluation evaluation = evaluate(found, problem, 0);
  EXPECT_DOUBLE_EQ(evaluation.recall, 1);
  EXPECT_DOUBLE_EQ(evaluation.recall_worst_head, 1);
  EXPECT_DOUBLE_EQ(evaluation.keys_per_step, 350);
  EXPECT_DOUBLE_EQ(evaluation.keys_per_query, 175);
}

TEST(Measure, OneHeadAtATimeReadsEveryKeyForEachHead) {
  const HeadProblem problem = make();
  const auto flat = build_flat(problem.keys);
  const NeighborTable found = search_all_steps(*flat, problem, flat_setup(false), serial_executor());
  EXPECT_EQ(found.stats.size(), 24U);
  EXPECT_DOUBLE_EQ(evaluate(found, problem, 0).keys_per_query, 350);
}

TEST(Measure, StepByStepFindsWhatOneCallFinds) {
  const HeadProblem problem = make();
  const auto flat = build_flat(problem.keys);
  for (const bool group : {false, true}) {
    const NeighborTable batch = search_all_steps(*flat, problem, flat_setup(group), serial_executor());
    const NeighborTable steps = search_all_steps(*flat, problem, flat_setup(group, true), serial_executor());
    EXPECT_EQ(batch, steps);
    EXPECT_EQ(batch.stats.size(), steps.stats.size());
  }
}

TEST(Measure, TheWorstHeadIsNotTheMean) {
  const HeadProblem problem = make();
  NeighborTable found = problem.truth;
  for (std::size_t step = 0; step < problem.steps; ++step) {
    std::ranges::fill(found.ids(2 * step + 1), no_key);
    std::ranges::fill(found.scores(2 * step + 1), -std::numeric_limits<float>::infinity());
  }
  const Evaluation evaluation = evaluate(found, problem, 0);
  EXPECT_DOUBLE_EQ(evaluation.recall, 0.5);
  EXPECT_DOUBLE_EQ(evaluation.recall_worst_head, 0);
}

TEST(Measure, FindingEveryKeyLosesNothing) {
  HeadProblem problem = make();
  problem.k = 350;
  const auto flat = build_flat(problem.keys);
  const NeighborTable found = search_all_steps(*flat, problem, flat_setup(true), serial_executor());
  const Quality all = measure_quality(found, problem, 4, serial_executor());
  EXPECT_NEAR(all.mass, 1, 1e-9);
  EXPECT_NEAR(all.output_error, 0, 1e-6);
  const Quality few = measure_quality(problem.truth, problem, 4, serial_executor());
  EXPECT_LT(few.mass, 0.9);
  EXPECT_GT(few.output_error, 0.01);
}

TEST(Measure, NoStepsNoQuality) {
  const HeadProblem problem = make();
  EXPECT_TRUE(std::isnan(measure_quality(problem.truth, problem, 0, serial_executor()).mass));
}

TEST(Measure, SetupBecomesSearchParams) {
  const HeadProblem problem = make();
  SearchSetup setup{{"graph", {"graph"}, true, true, ""}, 50, 0.6, 0};
  EXPECT_EQ(search_params(setup, problem).beam_width, 50U);
  EXPECT_EQ(search_params(setup, problem).expansions, 30U);
  EXPECT_EQ(search_params(setup, problem).group, 2U);
  setup.expansions_per_width = 0;
  EXPECT_FALSE(search_params(setup, problem).expansions);
  setup.variant.build = {"ivf"};
  EXPECT_EQ(search_params(setup, problem).probes, 50U);
  EXPECT_FALSE(search_params(setup, problem).beam_width);
}

}  // namespace
}  // namespace rattan::bench
