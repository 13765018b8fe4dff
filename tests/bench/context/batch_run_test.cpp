#include "bench/context/batch_run.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(BatchRun, AllWaysGiveTheSameWhereAllKeysAreAttended) {
  const std::vector<HeadSource> heads(4, {"synthetic", 0, 0, [] { return test::small_group(100, 6, 2); }});
  const LayerStack stack(heads, {.kv_heads = 2, .depth = 5});
  ContextParams params;
  params.kind = HeadKind::flat;
  params.softmax_scale = stack.softmax_scale();
  params.executor = &serial_executor();
  params.sinks = 4;
  params.recent = 8;
  params.budget.k = 100;
  BuildStats stats;
  const auto sequences = build_sequences(stack, params, stats);
  ASSERT_EQ(sequences.size(), 5U);
  const auto executor = make_openmp_executor(2);
  const std::vector<BatchStep> ways = {step_in_a_loop(stack, sequences, params.budget),
                                       step_in_a_batch(stack, sequences, params.budget, *executor),
                                       step_flat(stack, params, *executor)};
  const std::vector<BatchTimes> times = time_batches(stack, ways, 3);
  ASSERT_EQ(times.size(), 3U);
  for (const BatchTimes& way : times) EXPECT_EQ(way.microseconds.size(), 3U);
  EXPECT_EQ(times[0].output_error, 0);
  EXPECT_EQ(times[1].output_error, 0);
  EXPECT_LT(times[2].output_error, 1e-2);
}

}  // namespace
}  // namespace rattan::bench
