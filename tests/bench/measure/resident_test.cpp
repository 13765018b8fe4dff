#include "bench/measure/resident.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"
#include "tests/support/files.h"

namespace rattan::bench {
namespace {

class ResidentTest : public ::testing::Test {
 protected:
  ResidentTest() : exact_(make_exact_topk_cpu(&serial_executor())) {
    problem_ = make_problem(test::small_group(), {.k = 5, .queries = 6}, *exact_);
  }

  std::unique_ptr<ExactTopK> exact_;
  HeadProblem problem_;
  test::TempDirectory folder_;
};

TEST_F(ResidentTest, ACopyAnswersAlikeFromOtherMemory) {
  BuildOptions options;
  set_build_run(options, 1, &serial_executor());
  for (const BuildKind kind : {BuildKind{"flat"}, BuildKind{"graph"}}) {
    const BuiltIndex built = std::move(build_indexes(kind, problem_, options, *exact_).front());
    const SharedMatrix keys = copy_matrix(problem_.keys);
    EXPECT_NE(keys.view.data, problem_.keys.view.data);
    const auto copy = copy_index(*built.index, keys, folder_.path());
    EXPECT_EQ(copy->keys().data, keys.view.data);
    SearchParams params;
    params.k = 5;
    params.group = 2;
    EXPECT_EQ(copy->search(problem_.queries.view, params), built.index->search(problem_.queries.view, params));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ResidentTest, EveryResidentIsTimedInEveryRoundButTheFirst) {
  const auto flat = build_flat(problem_.keys);
  const Resident one{flat.get(), &problem_, {.variant = {"flat", {"flat"}, true, false, ""}}};
  std::size_t rounds = 0;
  const auto times = time_cycles({{one, one, one}, {one}}, 4, [&] { ++rounds; });
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].size(), 12U);
  EXPECT_EQ(times[1].size(), 4U);
  EXPECT_EQ(rounds, 5U);
  for (const double us : times[0]) EXPECT_GT(us, 0);
}

}  // namespace
}  // namespace rattan::bench
