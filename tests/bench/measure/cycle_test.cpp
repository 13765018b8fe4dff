#include "bench/measure/cycle.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Cycle, JobsPerTargetAndResidentsOverTheHeads) {
  const auto exact = make_exact_topk_cpu(&serial_executor());
  BuildOptions options;
  set_build_run(options, 1, &serial_executor());
  std::vector<std::unique_ptr<Head>> heads;
  const std::vector<Variant> chosen = parse_variants("flat,graph");
  for (int h = 0; h < 2; ++h) {
    heads.push_back(std::make_unique<Head>());
    heads.back()->problem = make_problem(test::small_group(), {.k = 5, .queries = 4}, *exact);
    for (const Variant& variant : chosen) {
      heads.back()->built[variant.build] = build_indexes(variant.build, heads.back()->problem, options, *exact);
    }
  }
  Progress progress;
  const std::vector<Job> jobs = find_jobs(heads, chosen, {0.5, 0.9}, serial_executor(), progress);
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].variant.name, "flat");
  EXPECT_EQ(jobs[1].target, 0.5);
  EXPECT_TRUE(jobs[2].found[0].result.reached);
  const std::vector<ResidentHead> residents = make_residents(heads, jobs, 5, "", progress);
  const CycleJob cycle = cycle_of(jobs[2], residents);
  ASSERT_EQ(cycle.size(), 5U);
  EXPECT_EQ(cycle[1].index, jobs[2].found[1].built->index.get());
  EXPECT_EQ(cycle[2].problem, &heads[0]->problem);
  EXPECT_NE(cycle[2].index, cycle[0].index);
  EXPECT_NE(cycle[2].index->keys().data, cycle[4].index->keys().data);
}

}  // namespace
}  // namespace rattan::bench
