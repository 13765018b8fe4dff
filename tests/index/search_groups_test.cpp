#include "index/search_groups.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <vector>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

struct CountedScratch {
  CountedScratch() { ++made; }
  int uses = 0;
  static std::atomic<int> made;
};
std::atomic<int> CountedScratch::made{0};

struct Call {
  std::size_t first_row;
  std::size_t rows;
  const void* data;
};

std::vector<Call> run(MatrixView queries, std::uint32_t group, Executor& executor, NeighborTable& table) {
  Pool<CountedScratch> pool;
  std::vector<Call> calls(queries.rows / group);
  SearchParams params;
  params.group = group;
  params.executor = &executor;
  search_groups(queries, params, table, pool, [&](MatrixView part, std::size_t first_row, CountedScratch& scratch) {
    ++scratch.uses;
    calls[first_row / group] = {first_row, part.rows, part.data};
    SearchStats stats;
    stats.keys_scored = 100 + first_row;
    return stats;
  });
  return calls;
}

TEST(SearchGroups, EveryGroupIsSearchedOnceForAnyNumberOfThreads) {
  const SharedMatrix queries = test::random_matrix(24, 5, 1);
  for (const unsigned threads : {1U, 2U, 4U, 16U}) {
    const auto executor = make_openmp_executor(threads);
    NeighborTable table(24, 1);
    table.stats.resize(6);
    const std::vector<Call> calls = run(queries.view, 4, *executor, table);
    for (std::size_t group = 0; group < calls.size(); ++group) {
      EXPECT_EQ(calls[group].first_row, 4 * group);
      EXPECT_EQ(calls[group].rows, 4U);
      EXPECT_EQ(calls[group].data, queries.view.row(4 * group));
      EXPECT_EQ(table.stats[group].keys_scored, 100 + 4 * group);
    }
  }
}

TEST(SearchGroups, OneGroupRunsOnTheCallersThread) {
  class Refusing final : public Executor {
   public:
    unsigned workers() const noexcept override { return 3; }
    void run(std::size_t, const Task&) override { throw std::runtime_error("not expected"); }
  } executor;
  const SharedMatrix queries = test::random_matrix(4, 5, 1);
  NeighborTable table(4, 1);
  table.stats.resize(1);
  EXPECT_EQ(run(queries.view, 4, executor, table).size(), 1U);
}

TEST(SearchGroups, ScratchesAreReusedBetweenCalls) {
  Pool<CountedScratch> pool;
  CountedScratch::made = 0;
  for (int call = 0; call < 10; ++call) {
    WorkerScratches<CountedScratch> scratches(pool, 2);
    scratches.get(0).uses++;
    scratches.get(1).uses++;
  }
  EXPECT_EQ(CountedScratch::made, 2);
}

TEST(SearchGroups, PrepareIsCalledOncePerWorkerAndCall) {
  Pool<CountedScratch> pool;
  for (int call = 0; call < 3; ++call) {
    int prepared = 0;
    WorkerScratches<CountedScratch> scratches(pool, 2);
    for (int task = 0; task < 5; ++task) scratches.get(1, [&](CountedScratch&) { ++prepared; });
    EXPECT_EQ(prepared, 1);
    int visited = 0;
    scratches.each_taken([&](CountedScratch&) { ++visited; });
    EXPECT_EQ(visited, 1);
  }
}

TEST(SearchGroups, AThrowingSearchGivesItsScratchBack) {
  const SharedMatrix queries = test::random_matrix(8, 5, 1);
  Pool<CountedScratch> pool;
  CountedScratch::made = 0;
  SearchParams params;
  params.executor = &serial_executor();
  NeighborTable table(8, 1);
  table.stats.resize(8);
  for (int call = 0; call < 3; ++call) {
    EXPECT_THROW(search_groups(queries.view, params, table, pool,
                               [](MatrixView, std::size_t, CountedScratch&) -> SearchStats {
                                 throw Error(ErrorCode::no_memory, "full");
                               }),
                 Error);
  }
  EXPECT_EQ(CountedScratch::made, 1);
}

}  // namespace
}  // namespace rattan
