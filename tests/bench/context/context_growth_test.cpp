#include "bench/context/context_growth.h"

#include <gtest/gtest.h>

#include "datasets/synthetic.h"

namespace rattan::bench {
namespace {

TEST(ContextGrowth, EveryTokenIsCounted) {
  const auto made = datasets::parse_synthetic("n=1500,d=32,group=2,heads=1,decode=700,qstep=1");
  ContextParams params;
  params.kind = HeadKind::graph;
  params.seal_after = 200;
  params.clusters = 32;
  params.executor = &serial_executor();
  const ContextGrowthCost cost = grow_context(datasets::make_synthetic(made, 0), 600, params);
  EXPECT_GT(cost.us, 0);
  EXPECT_GE(cost.worst_ms * 1e3, cost.us) << "the worst is no better than the mean";
}

}  // namespace
}  // namespace rattan::bench
