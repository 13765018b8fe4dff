#include "bench/measure/index_cache.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"
#include "tests/support/files.h"

namespace rattan::bench {
namespace {

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(IndexCache, OpensWhatItKeptAndBuildsWhatDiffers) {
  const test::TempDirectory folder;
  const auto exact = make_exact_topk_cpu(&serial_executor());
  const HeadProblem problem = make_problem(test::small_group(), {.k = 5, .queries = 4}, *exact);
  BuildOptions options;
  set_build_run(options, 1, &serial_executor());
  const IndexCache cache(folder.path());
  const auto first = cache.get({"graph"}, "s", problem, options, *exact);
  EXPECT_EQ(files_in(folder.path()), 2U);
  const auto again = cache.get({"graph"}, "s", problem, options, *exact);
  EXPECT_EQ(files_in(folder.path()), 2U);
  EXPECT_EQ(again.front().max_setting, first.front().max_setting);
  EXPECT_EQ(again.front().stats.stages, first.front().stats.stages);
  EXPECT_EQ(again.front().index->search(problem.queries.view), first.front().index->search(problem.queries.view));
  options.graph.max_degree = 8;
  cache.get({"graph"}, "s", problem, options, *exact);
  EXPECT_EQ(files_in(folder.path()), 4U);
}

}  // namespace
}  // namespace rattan::bench
