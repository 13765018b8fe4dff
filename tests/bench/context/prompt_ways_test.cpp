#include "bench/context/prompt_ways.h"

#include <gtest/gtest.h>

#include "datasets/synthetic.h"

namespace rattan::bench {
namespace {

TEST(PromptWays, ThePromptIsInTheIndexHoweverItCame) {
  const auto synthetic = datasets::parse_synthetic("n=5500,d=32,group=2,heads=1,decode=20,qstep=1");
  const auto exact = make_exact_topk_cpu(&serial_executor());
  ProblemOptions options;
  options.k = 20;
  options.sinks = 16;
  options.recent = 64;
  options.queries = 16;
  const HeadProblem problem = make_problem(datasets::make_synthetic(synthetic, 0), options, *exact);
  ContextParams params;
  params.kind = HeadKind::graph;
  params.sinks = 16;
  params.recent = 64;
  params.budget.k = 20;
  params.clusters = 32;
  params.capacity = 6000;
  params.seal_after = 512;
  params.executor = &serial_executor();
  const auto ways = measure_prompt_ways(problem, params, {.chunks = 8, .width = 64, .repeats = 2}, *exact);
  ASSERT_EQ(ways.size(), 3U);
  for (const PromptWay& way : ways) {
    EXPECT_EQ(way.head.kind, "graph");
    EXPECT_EQ(16 + way.head.base_tokens + way.head.sealed_tokens + way.head.unsealed_tokens, 5500U);
    EXPECT_GE(way.head.base_tokens, 4096U);
    EXPECT_GT(way.fixed.recall, 0.8) << way.name;
    EXPECT_LE(way.fixed.recall_worst_head, way.fixed.recall);
    EXPECT_GT(way.decode_us.p50, 0);
    EXPECT_GE(way.decode_us.p50_deviation, 0);
    EXPECT_GT(way.build_s, 0);
  }
  EXPECT_EQ(ways[0].builds, 1U);
  EXPECT_EQ(ways[1].name, "8 chunks");
  EXPECT_EQ(ways[1].head.base_tokens, ways[0].head.base_tokens);
  EXPECT_GT(ways[2].builds, 1U);
  EXPECT_NEAR(ways[1].fixed.recall, ways[0].fixed.recall, 0.02);
}

}  // namespace
}  // namespace rattan::bench
